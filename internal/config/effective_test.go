package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestStartTimeout: unset, it is at most OTTO_PENDING_TIMEOUT.
func TestStartTimeout(t *testing.T) {
	for name, c := range map[string]struct{ pending, start, want, from string }{
		"both unset":               {"", "", "10m", "default"},
		"a shorter pending one":    {"1m", "", "1m", "default"},
		"a longer pending one":     {"1h", "", "10m", "default"},
		"an invalid pending one":   {"soon", "", "10m", "default"},
		"set, longer than pending": {"1m", "20m", "20m", "environment"},
	} {
		environ := map[string]string{"OTTO_PENDING_TIMEOUT": c.pending, startTimeout: c.start}
		if want := (Value{startTimeout, c.want, c.from}); !slices.Contains(Effective(environ), want) {
			t.Errorf("%s: no %+v", name, want)
		}
	}
}

func TestEffective(t *testing.T) {
	all := Effective(map[string]string{"REDIS_PORT": "6380", "REDIS_PASSWORD": "sesame", "REDIS_STREAM": ""})
	var names []string
	for _, v := range all {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("got %v", names)
	}
	for _, want := range []Value{
		{"REDIS_PORT", "6380", "environment"},
		{"REDIS_STREAM", "otto:scale:events", "default"},
		{"REDIS_PASSWORD", "(hidden)", "environment"},
		{"REDIS_USERNAME", "", ""},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no %+v", want)
		}
	}
	if strings.Contains(fmt.Sprint(all), "sesame") {
		t.Error("the password is shown")
	}
}
