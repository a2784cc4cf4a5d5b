package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

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
