package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// contradictions are the variables that are right by themselves but not together, a line each. Values have passed
// their rules.
func contradictions(set map[string]string) []error {
	return slices.Concat(
		passwords(set), tlsFiles(set), sentinels(set), requests(set), ttls(set),
	)
}

func passwords(set map[string]string) []error {
	if set["REDIS_PASSWORD"] == "" || set["REDIS_PASSWORD_FILE"] == "" {
		return nil
	}
	return []error{errors.New(
		"REDIS_PASSWORD_FILE: got a file beside REDIS_PASSWORD, takes a file only where REDIS_PASSWORD is not set")}
}

func tlsFiles(set map[string]string) []error {
	var wrong []error
	for _, name := range []string{"REDIS_TLS_CA_FILE", "REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"} {
		if set[name] != "" && set["REDIS_TLS"] != "true" {
			wrong = append(wrong, fmt.Errorf("%s: got %q without TLS, takes a file only where REDIS_TLS is true",
				name, clip(set[name])))
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return slices.Concat(
		together(set, "REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"),
		together(set, "REDIS_TLS_KEY_FILE", "REDIS_TLS_CERT_FILE"),
	)
}

func sentinels(set map[string]string) []error {
	return slices.Concat(
		together(set, "REDIS_SENTINEL_MASTER", "REDIS_SENTINEL_ADDRS"),
		together(set, "REDIS_SENTINEL_ADDRS", "REDIS_SENTINEL_MASTER"),
	)
}

// together complains about a variable that is set without its other half.
func together(set map[string]string, name, other string) []error {
	if set[name] == "" || set[other] != "" {
		return nil
	}
	return []error{fmt.Errorf("%s: got %q without %s, takes a value only together with it", name, clip(set[name]), other)}
}

// requests may not be above limits: the API server would refuse every Pod.
func requests(set map[string]string) []error {
	want, _ := parseResources(set["OTTO_AGENT_REQUESTS"])
	limit, _ := parseResources(set["OTTO_AGENT_LIMITS"])
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if limit[name] != nil && want[name].Cmp(limit[name]) > 0 {
			return []error{fmt.Errorf("OTTO_AGENT_REQUESTS: got %q, takes no more %s than OTTO_AGENT_LIMITS (%s)",
				clip(set["OTTO_AGENT_REQUESTS"]), name, clip(set["OTTO_AGENT_LIMITS"]))}
		}
	}
	return nil
}

// ttls: a record must outlive the Pods of its event, since a Pod without a record is nobody's.
func ttls(set map[string]string) []error {
	record, _ := time.ParseDuration(set["OTTO_RECORD_TTL"])
	for _, name := range []string{"OTTO_FAILED_TTL", "OTTO_SUCCEEDED_TTL"} {
		if pod, _ := time.ParseDuration(set[name]); pod > record {
			return []error{fmt.Errorf("OTTO_RECORD_TTL: got %q, takes a duration of at least %s (%s)",
				set["OTTO_RECORD_TTL"], name, set[name])}
		}
	}
	return nil
}
