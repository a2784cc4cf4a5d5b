package k8s

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

func TestClock(t *testing.T) {
	began := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	type answer struct{ skew, sent, trip time.Duration } // the server's clock less ours, when, and how long it took
	for name, test := range map[string]struct {
		answers []answer
		want    time.Duration
	}{
		"no sample":                   {nil, 0},
		"the same":                    {[]answer{{0, 0, time.Millisecond}}, 0},
		"too little to tell":          {[]answer{{1400 * time.Millisecond, 0, 0}}, 0},
		"an hour ahead":               {[]answer{{time.Hour, 0, 0}}, time.Hour},
		"an hour behind":              {[]answer{{-time.Hour, 0, 0}}, -time.Hour},
		"half the round trip":         {[]answer{{time.Minute, 0, 20 * time.Second}}, time.Minute},
		"the short round trip counts": {[]answer{{time.Minute, 0, time.Second}, {time.Hour, time.Minute, 2 * time.Second}}, time.Minute},
		"a shorter one counts more":   {[]answer{{time.Hour, 0, time.Second}, {time.Minute, time.Minute, time.Millisecond}}, time.Minute},
		"for a while":                 {[]answer{{time.Minute, 0, time.Second}, {time.Hour, 6 * time.Minute, 2 * time.Second}}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var c Clock
			for _, a := range test.answers {
				sent := began.Add(a.sent)
				c.learn(sent.Add(a.trip/2+a.skew).Truncate(time.Second), sent, sent.Add(a.trip))
			}
			if d := (c.Skew() - test.want).Abs(); d > time.Second {
				t.Errorf("got %v, want %v", c.Skew(), test.want)
			}
			if test.want == 0 && c.Skew() != 0 {
				t.Errorf("got %v, want 0", c.Skew())
			}
		})
	}
}

// Every answer has a sample, whatever its code; one without a date, or with a wrong one, has none.
func TestClientLearnsTheTime(t *testing.T) {
	for name, test := range map[string]struct {
		date func() string
		want time.Duration
	}{
		"ahead":  {func() string { return time.Now().Add(time.Hour).UTC().Format(http.TimeFormat) }, time.Hour},
		"wrong":  {func() string { return "tomorrow" }, 0},
		"absent": {func() string { return "" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, k8stest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = nil
				if d := test.date(); d != "" {
					w.Header().Set("Date", d)
				}
				k8stest.Answer(w, 404, nil)
			}), discard)
			if err := c.Ping(t.Context()); err == nil {
				t.Error("no such page, and no error")
			}
			if d := (c.Skew() - test.want).Abs(); d > 2*time.Second {
				t.Errorf("got %v, want %v", c.Skew(), test.want)
			}
		})
	}
}

func TestClockIsShared(t *testing.T) {
	clock := &Clock{skew: time.Hour}
	c, err := NewTransport(&rest.Config{Host: "http://localhost"}, Options{
		Codecs: serializer.NewCodecFactory(NewScheme(corev1.SchemeGroupVersion)), Clock: clock, Logger: discard,
	}).NewClient()
	if err != nil || c.Skew() != time.Hour {
		t.Errorf("got %v, %v", c.Skew(), err)
	}
}
