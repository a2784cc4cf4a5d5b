package config

import (
	"fmt"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Usage lists every variable of `run` with what it takes and its default, a line each, for the help of the command.
func Usage() string {
	return usage(func(name string) bool { return !strings.HasPrefix(name, apiPrefix) })
}

// ServeUsage lists those of `serve`.
func ServeUsage() string { return usage(servesBy) }

// apiPrefix begins the variables that only `serve` has.
const apiPrefix = "OTTO_API_"

// servesBy reports whether a variable means something to `serve`.
func servesBy(name string) bool {
	switch name {
	case "REDIS_CONSUMER":
		return false
	case "OTTO_NAMESPACE", "OTTO_INSTANCE", "OTTO_MAX_WORKERS", "OTTO_MAX_PODS_PER_EVENT", "OTTO_MAX_WAITING_EVENTS", "OTTO_MAX_ATTEMPTS",
		"OTTO_HTTP_ADDR", "OTTO_LEADER_ELECT", "POD_NAMESPACE", "GOMAXPROCS", "OTTO_LOG_LEVEL", "OTTO_LOG_FORMAT":
		return true
	}
	return strings.HasPrefix(name, apiPrefix) || strings.HasPrefix(name, "REDIS_")
}

func usage(wanted func(name string) bool) string {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return ""
	}
	var b strings.Builder
	byName := rules()
	for _, f := range fields {
		if !wanted(f.Key) {
			continue
		}
		fmt.Fprintf(&b, "  %-24s %s", f.Key, byName[f.Key].takes)
		if f.DefaultValue != "" {
			fmt.Fprintf(&b, " [%s]", f.DefaultValue)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
