package config

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"

	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
)

// Traces are OpenTelemetry's standard variables, as far as they are about traces over HTTP: see [traces.md](traces.md).
type Traces struct {
	// The base address of an OpenTelemetry collector, for OTLP over HTTP: spans go to `/v1/traces` below it. Unset, and
	// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` too: no traces. The Main Pod sends none, but with it tells each worker the span of its attempt.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// The address for spans alone, with its path.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// How spans are encoded. OTLP over gRPC is not supported.
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	// HTTP headers for the collector, such as a token.
	Headers Secret `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	// How long a request may take, in milliseconds.
	TimeoutMillis int `env:"OTEL_EXPORTER_OTLP_TIMEOUT" envDefault:"10000"`
	// How requests are compressed.
	Compression string `env:"OTEL_EXPORTER_OTLP_COMPRESSION" envDefault:"gzip"`
	// CA certificates to trust instead of the system's.
	CAFile string `env:"OTEL_EXPORTER_OTLP_CERTIFICATE"`
	// The client certificate, for a collector that requires one. It is read again for every new connection.
	CertFile string `env:"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"`
	// The private key of the client certificate.
	KeyFile string `env:"OTEL_EXPORTER_OTLP_CLIENT_KEY"`
	// Turn traces off, whatever the other variables say.
	Disabled bool `env:"OTEL_SDK_DISABLED" envDefault:"false"`
	// Which traces are recorded. The producer's decision counts where the name begins with `parentbased_`.
	Sampler string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on"`
	// The share of traces that `traceidratio` records. Unset: all.
	SamplerArg string `env:"OTEL_TRACES_SAMPLER_ARG"`
	// The name of this service in traces.
	ServiceName string `env:"OTEL_SERVICE_NAME" envDefault:"ottoscaler"`
	// Further attributes of this service in traces.
	ResourceAttributes string `env:"OTEL_RESOURCE_ATTRIBUTES"`
}

// DefaultServiceName is OTEL_SERVICE_NAME's. Another one takes precedence over OTEL_RESOURCE_ATTRIBUTES, as OpenTelemetry demands.
const DefaultServiceName = "ottoscaler"

// URL is where spans are sent; empty: traces are off.
func (t Traces) URL() string {
	switch {
	case t.Disabled, t.Endpoint == "" && t.TracesEndpoint == "":
		return ""
	case t.TracesEndpoint != "":
		return t.TracesEndpoint
	}
	return strings.TrimRight(t.Endpoint, "/") + "/v1/traces"
}

// Timeout is how long a request may take.
func (t Traces) Timeout() time.Duration { return time.Duration(t.TimeoutMillis) * time.Millisecond }

// HeaderPairs are the headers by name.
func (t Traces) HeaderPairs() map[string]string {
	pairs, _ := parsePairs(string(t.Headers)) // it has passed its rule
	return pairs
}

// ResourcePairs are the attributes of the resource by name.
func (t Traces) ResourcePairs() map[string]string {
	pairs, _ := parsePairs(t.ResourceAttributes) // it has passed its rule
	return pairs
}

// TraceNaming names the spans of this installation: in the Main Pod for workers, and for the collector.
func (c Config) TraceNaming() tracecontext.Naming {
	sampler, err := tracecontext.NewSampler(c.Traces.Sampler, c.Traces.SamplerArg)
	if err != nil {
		panic("a sampler that has passed its rule: " + err.Error()) // a bug: the rule and NewSampler are one
	}
	return tracecontext.Naming{Stream: c.Redis.Stream, Sampler: sampler}
}

// parsePairs reads `name=value`, several with commas between; values are percent-encoded.
func parsePairs(s string) (map[string]string, bool) {
	pairs := make(map[string]string)
	for pair := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || name == "" || !isPlainText(name) || !isPlainText(decoded) {
			return nil, false
		}
		pairs[name] = decoded
	}
	return pairs, true
}

func isPlainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// headers have names that HTTP takes.
func headers() rule {
	return rule{
		takes: "name=value, several with commas between; values percent-encoded", secret: true,
		valid: func(v string) bool {
			pairs, ok := parsePairs(v)
			for name := range pairs {
				ok = ok && !strings.ContainsFunc(name, func(r rune) bool {
					return r <= ' ' || r > unicode.MaxASCII || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
				})
			}
			return ok
		},
	}
}

func attributes() rule {
	return rule{
		takes: "name=value, several with commas between; values percent-encoded",
		valid: func(v string) bool {
			_, ok := parsePairs(v)
			return ok
		},
	}
}

// isEndpoint accepts no user, query or fragment: none of them belongs to OTLP, and a password in an address is logged.
func isEndpoint(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && isHost(u.Hostname()) &&
		u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsFunc(v, unicode.IsSpace)
}

func isRatio(v string) bool {
	_, err := tracecontext.ParseRatio(v)
	return err == nil
}

// ignoreTraces puts defaults in the place of OpenTelemetry's variables that are not valid here, where no spans are sent: they may be meant
// for other programs.
func ignoreTraces(values map[string]string, fields []env.FieldParams) {
	if isAnyCaseBool(values["OTEL_SDK_DISABLED"]) {
		values["OTEL_SDK_DISABLED"] = strings.ToLower(values["OTEL_SDK_DISABLED"])
	}
	disabled := values["OTEL_SDK_DISABLED"] == "true"
	if !disabled && (values["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" || values["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != "") {
		return
	}
	of := traceRules()
	for _, f := range fields {
		if r, ok := of[f.Key]; !ok || r.valid(values[f.Key]) {
			continue
		}
		if delete(values, f.Key); f.DefaultValue != "" {
			values[f.Key] = f.DefaultValue
		}
	}
	if values["OTEL_EXPORTER_OTLP_CLIENT_KEY"] == "" || values["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"] == "" {
		delete(values, "OTEL_EXPORTER_OTLP_CLIENT_KEY")
		delete(values, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
	}
}

// traceRules are those of Traces.
func traceRules() map[string]rule {
	endpoint := rule{takes: "an address such as http://collector:4318", valid: isEndpoint}
	return map[string]rule{
		"OTEL_EXPORTER_OTLP_ENDPOINT":           endpoint,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":    {takes: "an address such as http://collector:4318/v1/traces", valid: isEndpoint},
		"OTEL_EXPORTER_OTLP_PROTOCOL":           oneOf("http/protobuf", "http/json"),
		"OTEL_EXPORTER_OTLP_HEADERS":            headers(),
		"OTEL_EXPORTER_OTLP_TIMEOUT":            number(1, 600_000),
		"OTEL_EXPORTER_OTLP_COMPRESSION":        oneOf("gzip", "none"),
		"OTEL_EXPORTER_OTLP_CERTIFICATE":        file(),
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": file(),
		"OTEL_EXPORTER_OTLP_CLIENT_KEY":         file(),
		"OTEL_SDK_DISABLED":                     {takes: "true or false", valid: isAnyCaseBool},
		"OTEL_TRACES_SAMPLER":                   oneOf(tracecontext.Samplers()...),
		"OTEL_TRACES_SAMPLER_ARG":               {takes: "a number from 0 to 1", valid: isRatio},
		"OTEL_SERVICE_NAME":                     {takes: "1 to 256 bytes of text without control characters", valid: isName},
		"OTEL_RESOURCE_ATTRIBUTES":              attributes(),
	}
}

// isAnyCaseBool: OpenTelemetry's booleans are of any case.
func isAnyCaseBool(s string) bool {
	return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}
