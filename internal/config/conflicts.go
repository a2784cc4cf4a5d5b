package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// conflicts are the variables that are valid by themselves but not together, a line each. Values have passed their rules.
func conflicts(values map[string]string) []error {
	return slices.Concat(
		passwords(values), tlsFiles(values), sentinels(values), requests(values), ttls(values), api(values),
		together(values, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"),
		together(values, "OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
	)
}

func passwords(values map[string]string) []error {
	if values["REDIS_PASSWORD"] == "" || values["REDIS_PASSWORD_FILE"] == "" {
		return nil
	}
	return []error{errors.New(
		"REDIS_PASSWORD_FILE: got a file beside REDIS_PASSWORD, takes a file only where REDIS_PASSWORD is not set")}
}

func tlsFiles(values map[string]string) []error {
	var invalid []error
	for _, name := range []string{"REDIS_TLS_CA_FILE", "REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"} {
		if values[name] != "" && values["REDIS_TLS"] != "true" {
			invalid = append(invalid, fmt.Errorf("%s: got %q without TLS, takes a file only where REDIS_TLS is true",
				name, quotable(values[name])))
		}
	}
	if len(invalid) > 0 {
		return invalid
	}
	return slices.Concat(
		together(values, "REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"),
		together(values, "REDIS_TLS_KEY_FILE", "REDIS_TLS_CERT_FILE"),
	)
}

func sentinels(values map[string]string) []error {
	return slices.Concat(
		together(values, "REDIS_SENTINEL_MASTER", "REDIS_SENTINEL_ADDRS"),
		together(values, "REDIS_SENTINEL_ADDRS", "REDIS_SENTINEL_MASTER"),
	)
}

// together rejects a variable that is set without the other one.
func together(values map[string]string, name, other string) []error {
	if values[name] == "" || values[other] != "" {
		return nil
	}
	return []error{fmt.Errorf("%s: got %q without %s, takes a value only together with it", name, quotable(values[name]), other)}
}

// requests must not exceed limits: the API server would refuse every Pod.
func requests(values map[string]string) []error {
	want, _ := parseResources(values["OTTO_AGENT_REQUESTS"])
	limit, _ := parseResources(values["OTTO_AGENT_LIMITS"])
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if limit[name] != nil && want[name].Cmp(limit[name]) > 0 {
			return []error{fmt.Errorf("OTTO_AGENT_REQUESTS: got %q, takes no more %s than OTTO_AGENT_LIMITS (%s)",
				quotable(values["OTTO_AGENT_REQUESTS"]), name, quotable(values["OTTO_AGENT_LIMITS"]))}
		}
	}
	return nil
}

// ttls: a record must outlive the Pods of its event, since a Pod without a record belongs to no event.
func ttls(values map[string]string) []error {
	record, _ := time.ParseDuration(values["OTTO_RECORD_TTL"])
	for _, name := range []string{"OTTO_FAILED_TTL", "OTTO_SUCCEEDED_TTL"} {
		if pod, _ := time.ParseDuration(values[name]); pod > record {
			return []error{fmt.Errorf("OTTO_RECORD_TTL: got %q, takes a duration of at least %s (%s)",
				values["OTTO_RECORD_TTL"], name, values[name])}
		}
	}
	return nil
}

// api: a file of tokens that nobody reads would look like protection.
func api(values map[string]string) []error {
	if values["OTTO_API_TOKENS_FILE"] == "" || values["OTTO_API_AUTH"] != AuthKubernetes {
		return nil
	}
	return []error{errors.New(
		"OTTO_API_TOKENS_FILE: got a file beside OTTO_API_AUTH=kubernetes, takes a file only where OTTO_API_AUTH is tokens")}
}

// AuthKubernetes is the value of OTTO_API_AUTH that lets the API server decide.
const AuthKubernetes = "kubernetes"
