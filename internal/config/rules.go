package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// Bounds of our own. They only catch typing errors.
const (
	maxName     = 256 // bytes of a Redis key, group, consumer or user
	maxCount    = 1_000_000
	maxDuration = 10 * 365 * 24 * time.Hour
	maxQuoted   = 64 // bytes of an invalid value in an error
)

// rule is what values one variable takes.
type rule struct {
	takes  string // completes "takes …"
	valid  func(value string) bool
	secret bool
}

// rules are those of all variables, by the variable's name.
func rules() map[string]rule {
	stream := rule{takes: "1 to 256 bytes of text; braces only around a hash tag, as in `{tag}:events`", valid: isStream}
	name := rule{takes: "1 to 256 bytes of text without control characters", valid: isName}
	all := map[string]rule{
		"REDIS_HOST":            {takes: "a host name or an IP address, without a port", valid: isHost},
		"REDIS_PORT":            number(1, 65535),
		"REDIS_USERNAME":        name,
		"REDIS_PASSWORD":        {takes: "text without line breaks", valid: isOneLine, secret: true},
		"REDIS_PASSWORD_FILE":   file(),
		"REDIS_DB":              number(0, maxCount),
		"REDIS_TLS":             oneOf("true", "false"),
		"REDIS_TLS_CA_FILE":     file(),
		"REDIS_TLS_CERT_FILE":   file(),
		"REDIS_TLS_KEY_FILE":    file(),
		"REDIS_SENTINEL_MASTER": name,
		"REDIS_SENTINEL_ADDRS":  {takes: "host:port, several with commas between", valid: isAddrs},
		"REDIS_STREAM":          stream,
		"REDIS_CONSUMER_GROUP":  name,
		"REDIS_CONSUMER":        name,
		"OTTO_STREAM_RETENTION": duration(0),
		"OTTO_STATUS_MAX_LEN":   number(1000, maxCount),
		"OTTO_STATUS_RETENTION": duration(0),

		"OTTO_AGENT_IMAGE":        {takes: "an image reference such as registry.example/team/agent:1.2", valid: event.ValidImage},
		"OTTO_AGENT_COMMAND":      command(),
		"OTTO_AGENT_ARGS":         words(),
		"OTTO_NAMESPACE":          dnsLabel(),
		"OTTO_INSTANCE":           dnsLabel(),
		"OTTO_MAX_WORKERS":        number(1, maxCount),
		"OTTO_MAX_PODS_PER_EVENT": number(1, 100_000),
		"OTTO_MAX_WAITING_EVENTS": number(1, maxCount),
		"OTTO_MAX_ATTEMPTS":       number(1, 100),
		"OTTO_AGENT_REQUESTS":     resources(),
		"OTTO_AGENT_LIMITS":       resources(),
		"OTTO_WORKER_TEMPLATES":   {takes: "a folder that exists", valid: isFolder},
		"OTTO_QUEUES_FILE":        file(),
		"OTTO_WORKER_DEADLINE":    wholeSecondsOrNone(),
		"OTTO_PENDING_TIMEOUT":    duration(time.Second),
		"OTTO_START_TIMEOUT":      duration(time.Second),
		"OTTO_IMAGE_PULL_TIMEOUT": duration(time.Second),
		"OTTO_SUCCEEDED_TTL":      duration(0),
		"OTTO_FAILED_TTL":         duration(0),
		"OTTO_RECORD_TTL":         duration(time.Second),

		"OTTO_HTTP_ADDR":          {takes: "[host]:port such as :8080 or 127.0.0.1:8080", valid: isListenAddr},
		"OTTO_LEADER_ELECT":       oneOf("true", "false"),
		"POD_NAME":                {takes: "1 to 253 lower-case letters, digits, hyphens and dots", valid: isPodName},
		"POD_NAMESPACE":           dnsLabel(),
		"OTTO_DEPLOYMENT":         {takes: "1 to 253 lower-case letters, digits, hyphens and dots", valid: isPodName},
		"OTTO_CREATE_CONCURRENCY": concurrency(),
		"GOMAXPROCS":              number(1, 1024),
		"OTTO_LOG_LEVEL":          oneOf("debug", "info", "warn", "error"),
		"OTTO_LOG_FORMAT":         oneOf("auto", "text", "json"),
	}
	maps.Copy(all, apiRules())
	maps.Copy(all, traceRules())
	return all
}

func apiRules() map[string]rule {
	return map[string]rule{
		"OTTO_API_ADDR":        {takes: "[host]:port such as :8090 or 127.0.0.1:8090", valid: isListenAddr},
		"OTTO_API_WRITE":       oneOf("true", "false"),
		"OTTO_API_TOKENS_FILE": file(),
		"OTTO_API_AUTH":        oneOf("tokens", "kubernetes"),
	}
}

// describe is the line about an invalid value.
func (r rule) describe(name, value string) error {
	got := strconv.Quote(quotable(value))
	if r.secret {
		got = "a value that is not shown"
	}
	line := fmt.Sprintf("%s: got %s, takes %s", name, got, r.takes)
	if name == "REDIS_PORT" && strings.HasPrefix(value, "tcp://") {
		line += " (Kubernetes sets this value in Pods if there is a Service named redis; set enableServiceLinks: false in the Pod's spec)"
	}
	return fmt.Errorf("%s", line)
}

// quotable bounds a value for an error.
func quotable(value string) string { return text.Ellipsis(value, maxQuoted) }

func number(least, most int) rule {
	return rule{
		takes: fmt.Sprintf("a number from %d to %d", least, most),
		valid: func(v string) bool {
			n, err := strconv.Atoi(v)
			return err == nil && strconv.Itoa(n) == v && least <= n && n <= most // no sign, no leading zero
		},
	}
}

// concurrency is for Concurrency.
func concurrency() rule {
	n := number(1, 96)
	return rule{takes: "auto, or " + n.takes, valid: func(v string) bool { return v == autoConcurrency || n.valid(v) }}
}

func oneOf(values ...string) rule {
	last := len(values) - 1
	return rule{
		takes: strings.Join(values[:last], ", ") + " or " + values[last],
		valid: func(v string) bool { return slices.Contains(values, v) },
	}
}

func duration(least time.Duration) rule {
	takes := "a duration such as 90s, 15m or 24h, at least " + least.String()
	if least == 0 {
		takes = "a duration such as 90s, 15m or 24h, or 0"
	}
	return rule{
		takes: takes,
		valid: func(v string) bool {
			d, err := time.ParseDuration(v)
			return err == nil && !strings.ContainsAny(v, "+-") && least <= d && d <= maxDuration
		},
	}
}

// wholeSecondsOrNone is for activeDeadlineSeconds.
func wholeSecondsOrNone() rule {
	bounds := duration(0)
	return rule{
		takes: "a duration of whole seconds such as 90s, 15m or 24h, or 0 for none",
		valid: func(v string) bool {
			d, err := time.ParseDuration(v)
			return err == nil && bounds.valid(v) && d%time.Second == 0
		},
	}
}

func file() rule {
	return rule{
		takes: "a file that can be read",
		valid: func(v string) bool {
			f, err := os.Open(v)
			if err != nil {
				return false
			}
			info, err := f.Stat()
			_ = f.Close() // it was only read
			return err == nil && !info.IsDir()
		},
	}
}

func isFolder(v string) bool {
	info, err := os.Stat(v)
	return err == nil && info.IsDir()
}

var (
	dnsLabelForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	podNameForm  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
	hostForm     = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9_]{0,61}[A-Za-z0-9])?)*\.?$`)
)

func dnsLabel() rule {
	return rule{
		takes: "1 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends",
		valid: dnsLabelForm.MatchString,
	}
}

// isHost accepts underscores too: names in container networks often have them.
func isHost(v string) bool {
	if _, err := netip.ParseAddr(v); err == nil {
		return true
	}
	return len(v) <= 253 && hostForm.MatchString(v)
}

func isPodName(v string) bool { return len(v) <= 253 && podNameForm.MatchString(v) }

func isAddrs(v string) bool {
	for addr := range strings.SplitSeq(v, ",") {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || !isHost(host) || !number(1, 65535).valid(port) {
			return false
		}
	}
	return true
}

// isListenAddr accepts an address to listen on: without a host, all addresses; with port 0, any free port.
func isListenAddr(v string) bool {
	host, port, err := net.SplitHostPort(v)
	return err == nil && (host == "" || isHost(host)) && number(0, 65535).valid(port)
}

func isOneLine(v string) bool { return !strings.ContainsAny(v, "\r\n") }

func isName(v string) bool {
	return len(v) <= maxName && utf8.ValidString(v) && strings.TrimSpace(v) == v &&
		!strings.ContainsFunc(v, unicode.IsControl)
}

// isStream rejects names whose braces are no hash tag: the side keys could not share the stream's hash slot.
func isStream(v string) bool {
	if !isName(v) {
		return false
	}
	if !strings.ContainsAny(v, "{}") {
		return true
	}
	before, rest, _ := strings.Cut(v, "{")
	tag, after, closed := strings.Cut(rest, "}")
	return closed && tag != "" && !strings.ContainsAny(before+tag+after, "{}")
}
