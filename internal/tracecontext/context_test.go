package tracecontext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
)

const (
	stream = "otto:scale:events"
	id     = "1756659802903-0"
	trace  = "0af7651916cd43dd8448eb211c80319c"
	parent = "00-" + trace + "-b7ad6b7169203331-01"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]string{
		parent:                          parent,
		"cc" + parent[2:] + "-x":        parent,
		"cc" + parent[2:]:               parent,
		parent[:53] + "ff":              parent[:53] + "03",
		parent[:53] + "00":              parent[:53] + "00",
		parent + "-x":                   "",
		"cc" + parent[2:] + "x":         "",
		"ff" + parent[2:]:               "",
		"0x" + parent[2:]:               "",
		strings.ToUpper(parent):         "",
		parent[:54]:                     "",
		"":                              "",
		parent[:3] + "0 " + parent[5:]:  "",
		"00_" + parent[3:]:              "",
		parent[:35] + "_" + parent[36:]: "",
		parent[:52] + "_01":             "",
		parent[:53] + "0g":              "",
		"00-" + strings.Repeat("0", 32) + parent[35:]:      "",
		parent[:36] + strings.Repeat("0", 16) + "-01":      "",
		"cc" + parent[2:] + "-" + strings.Repeat("x", 512): "",
	} {
		c, ok := tracecontext.Parse(s)
		if ok != (want != "") || ok && c.String() != want || !ok && c != (tracecontext.Context{}) {
			t.Errorf("%q: got %s, %v; want %q", s, c, ok, want)
		}
	}
}

// TestNames: the IDs are a contract: a Pod that runs over an upgrade has them in its environment.
func TestNames(t *testing.T) {
	n := tracecontext.Naming{Stream: stream}
	own, sent := tracecontext.Origin{EventID: id}, tracecontext.Origin{EventID: id, Traceparent: parent}
	for name, c := range map[string]struct{ got, want string }{
		"event":          {n.Event(own).String(), "00-b30e85b31f97d88fc5beef8a342d5379-7677fbc67948f80c-01"},
		"attempt":        {n.Traceparent(own, 2, 1), "00-b30e85b31f97d88fc5beef8a342d5379-6af87efe67c7372c-01"},
		"sent event":     {n.Event(sent).String(), "00-" + trace + "-7677fbc67948f80c-01"},
		"sent attempt":   {n.Traceparent(sent, 2, 1), "00-" + trace + "-6af87efe67c7372c-01"},
		"invalid parent": {n.Traceparent(tracecontext.Origin{EventID: id, Traceparent: "x"}, 2, 1), n.Traceparent(own, 2, 1)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", name, c.got, c.want)
		}
	}
}

// TestNamesDiffer: no two spans share an ID, whatever they differ in.
func TestNamesDiffer(t *testing.T) {
	seen := make(map[string]string)
	for _, s := range []string{stream, stream + "2"} {
		for _, e := range []string{"1-0", "1-1", "11-0"} {
			n, o := tracecontext.Naming{Stream: s}, tracecontext.Origin{EventID: e}
			for _, kind := range []tracecontext.Kind{tracecontext.Wait, tracecontext.Attempt, tracecontext.Start, tracecontext.Run} {
				for slot := range 12 {
					for attempt := range 12 {
						what := fmt.Sprint(s, e, kind, slot, attempt)
						got := n.Worker(o, kind, slot, attempt).Span.String()
						if seen[got] != "" {
							t.Fatalf("%s and %s are both %s", seen[got], what, got)
						}
						seen[got] = what
					}
				}
			}
		}
	}
}

func TestSampler(t *testing.T) {
	var low, high tracecontext.TraceID
	low[15], high[8] = 1, 0xff
	for name, c := range map[string]struct {
		sampler, arg string
		want         string // low alone, high alone, under a sampled parent, under one that is not
	}{
		"default":                  {"", "", "1110"},
		"always_on":                {"always_on", "", "1111"},
		"always_off":               {"always_off", "", "0000"},
		"parentbased_always_on":    {"parentbased_always_on", "", "1110"},
		"parentbased_always_off":   {"parentbased_always_off", "", "0010"},
		"traceidratio":             {"traceidratio", "0.5", "1000"},
		"all of them":              {"traceidratio", "1", "1111"},
		"no argument":              {"traceidratio", "", "1111"},
		"none of them":             {"traceidratio", "0", "0000"},
		"hardly one":               {"traceidratio", "1e-30", "0000"},
		"parentbased_traceidratio": {"parentbased_traceidratio", "0.5", "1010"},
		"an argument for nothing":  {"parentbased_always_on", "0", "1110"},
	} {
		s, err := tracecontext.NewSampler(c.sampler, c.arg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := ""
		for _, sampled := range []bool{s.Sample(low, false, false), s.Sample(high, false, false), s.Sample(high, true, true), s.Sample(high, false, true)} {
			got += map[bool]string{true: "1", false: "0"}[sampled]
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for _, wrong := range [][2]string{{"xray", ""}, {"traceidratio", "2"}, {"traceidratio", "-0.1"}, {"traceidratio", "NaN"}, {"traceidratio", "all"}} {
		if _, err := tracecontext.NewSampler(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

// TestFlags: a worker learns the producer's decision, and the sampler's where there is none.
func TestFlags(t *testing.T) {
	off, err := tracecontext.NewSampler("parentbased_always_off", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sampler     tracecontext.Sampler
		traceparent string
		want        string
	}{
		"alone":                   {tracecontext.Sampler{}, "", "01"},
		"alone, off":              {off, "", "00"},
		"sampled":                 {off, parent, "01"},
		"not sampled":             {tracecontext.Sampler{}, parent[:53] + "00", "00"},
		"random, and not sampled": {tracecontext.Sampler{}, parent[:53] + "02", "02"},
	} {
		n := tracecontext.Naming{Stream: stream, Sampler: c.sampler}
		got := n.Traceparent(tracecontext.Origin{EventID: id, Traceparent: c.traceparent}, 1, 1)
		if got[53:] != c.want {
			t.Errorf("%s: got %s, want the flags %s", name, got, c.want)
		}
	}
}

func TestValidBaggage(t *testing.T) {
	for s, want := range map[string]bool{
		"a=1": true,
		"a=":  true,
		"userId=Am%C3%A9lie,serverNode=DF%2028,isProduction=false":                               true,
		"key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue": true,
		"a=b=c":                          true,
		"a=" + strings.Repeat("x", 8190): true,
		"a=" + strings.Repeat("x", 8191): false,
		strings.TrimSuffix(strings.Repeat("a=1,", 200), ","): true,
		"":         false,
		"a":        false,
		"=1":       false,
		"a=1,":     false,
		",":        false,
		"a=1;":     false,
		"a=1;p q":  false,
		"a=1;p=\"": false,
		"a b=1":    false,
		"a=1 2":    false,
		"a=\x01":   false,
		"a=1\n":    false,
		"a=é":      false,
		"é=1":      false,
		"a=1;=2":   false,
		`a="1"`:    false,
		`a=\`:      false,
		"a:b=1":    false,
	} {
		if got := tracecontext.ValidBaggage(s); got != want {
			t.Errorf("%.40q: got %v", s, got)
		}
	}
}
