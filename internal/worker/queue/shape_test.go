package queue

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestNormalizeImage(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for image, want := range map[string]string{
		"golang":                           "docker.io/library/golang:latest",
		"golang:1.26":                      "docker.io/library/golang:1.26",
		"golang" + digest:                  "docker.io/library/golang" + digest,
		"golang:1.26" + digest:             "docker.io/library/golang:1.26" + digest,
		"team/app":                         "docker.io/team/app:latest",
		"docker.io/golang":                 "docker.io/library/golang:latest",
		"index.docker.io/golang":           "docker.io/library/golang:latest",
		"registry.example/app":             "registry.example/app:latest",
		"Registry.Example/app:1":           "registry.example/app:1",
		"registry:5000/a/b/c:x":            "registry:5000/a/b/c:x",
		"localhost/app":                    "localhost/app:latest",
		"registry.example:5000/a" + digest: "registry.example:5000/a" + digest,
	} {
		if !event.ValidImage(image) {
			t.Errorf("%s is not valid", image)
		}
		got := normalizeImage(image)
		if got != want || normalizeImage(got) != got {
			t.Errorf("%s: %s, again %s, want %s", image, got, normalizeImage(got), want)
		}
	}
}

func TestMatchImage(t *testing.T) {
	for _, c := range []struct {
		pattern, image string
		want           bool
	}{
		{"registry.example/ci/**", "registry.example/ci/go:1", true},
		{"registry.example/ci/**", "registry.example/ci/team/go@sha256:x", true},
		{"registry.example/ci/**", "registry.example/cd/go:1", false},
		{"registry.example/ci/**", "registry.example.evil/ci/go:1", false},
		{"registry.example/ci/**", "evil/registry.example/ci/go:1", false},
		{"registry.example/ci/*", "registry.example/ci/go:1", true},
		{"registry.example/ci/*", "registry.example/ci/team/go:1", false},
		{"registry.example/*/go:*", "registry.example/ci/go:1", true},
		{"registry.example/*/go:*", "registry.example/ci/x/go:1", false},
		{"registry.example/**/go:*", "registry.example/ci/x/go:1", true},
		{"docker.io/library/golang:1.26", "docker.io/library/golang:1.26", true},
		{"docker.io/library/golang:1.26", "docker.io/library/golang:1.26-evil", false},
		{"*.example/a:1", "x.example/a:1", true},
		{"*.example/a:1", "x.evil/b.example/a:1", false},
		{"**", "anything/at/all:1", true},
		{"a?c", "abc", false},
	} {
		if got := matchImage(c.pattern, c.image); got != c.want {
			t.Errorf("%s, %s: %v", c.pattern, c.image, got)
		}
	}
}

// TestMatchIsFast: a producer chooses the image, and must not choose how long the only loop is busy.
func TestMatchIsFast(t *testing.T) {
	image := strings.Repeat("a", 512)
	if matchImage(strings.Repeat("**a", 80)+"b", image) || !matchImage(strings.Repeat("*a**", 80), image) {
		t.Error("the wrong answer")
	}
}

func FuzzMatchImage(f *testing.F) {
	f.Add("a/*/b**", "a/x/bc")
	f.Fuzz(func(t *testing.T, pattern, image string) {
		if len(pattern) > 20 || len(image) > 20 {
			return
		}
		if got, want := matchImage(pattern, image), matchSlowly(pattern, image); got != want {
			t.Errorf("%q, %q: %v, want %v", pattern, image, got, want)
		}
	})
}

// matchSlowly tries everything.
func matchSlowly(pattern, image string) bool {
	switch {
	case pattern == "":
		return image == ""
	case strings.HasPrefix(pattern, "**"):
		return matchSlowly(pattern[2:], image) || image != "" && matchSlowly(pattern, image[1:])
	case pattern[0] == '*':
		return matchSlowly(pattern[1:], image) || image != "" && image[0] != '/' && matchSlowly(pattern, image[1:])
	}
	return image != "" && image[0] == pattern[0] && matchSlowly(pattern[1:], image[1:])
}

func TestShape(t *testing.T) {
	p := office()
	for _, c := range []struct{ image, cpu, memory, want string }{
		{"", "", "", ""},
		{"registry.example/ci/go:1", "", "", "images[0]"},
		{"docker.io/library/golang:1.26", "", "", "images[1]"},
		{"golang:1.27", "", "", "images[1]"},
		{"registry.example/elsewhere:1", "", "", "images[-]"},
		{"", "1m", "", "cpu<=1.953125m"},
		{"", "100m", "", "cpu<=125m"},
		{"", "125m", "", "cpu<=125m"},
		{"", "126m", "", "cpu<=250m"},
		{"", "1", "", "cpu<=1"},
		{"", "1001m", "", "cpu<=2"},
		{"", "3", "", "cpu<=4"},
		{"", "", "1", "memory<=1"},
		{"", "", "1Gi", "memory<=1Gi"},
		{"", "", "1073741825", "memory<=2Gi"},
		{"", "", "1.5Gi", "memory<=2Gi"},
		{"", "", "8P", "memory<=8Pi"},
		{"registry.example/ci/go:2", "6", "3G", "images[0] cpu<=8 memory<=4Gi"},
	} {
		ev := event.Event{Template: "gpu", Image: c.image, CPU: c.cpu, Memory: c.memory}
		if got := p.Shape(&ev); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
