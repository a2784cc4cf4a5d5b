package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func writeTokens(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTokens: a token in clear or as its hash; a change takes effect, an invalid file does not.
func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.yaml")
	sum := sha256.Sum256([]byte("second-token-0123"))
	writeTokens(t, path, "- {name: ann, token: first-token-01234, role: operator}\n- {name: vic, sha256: "+hex.EncodeToString(sum[:])+", role: viewer, queues: [web]}\n")
	tokens, err := NewTokens(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	who := func(token string) string {
		p, err := tokens.Authenticate(t.Context(), token, Get)
		if err != nil {
			return asProblem(err).Code
		}
		return p.Name + " " + string(p.Role) + " " + strings.Join(p.Queues, ",")
	}
	for token, want := range map[string]string{
		"first-token-01234": "ann operator ", "second-token-0123": "vic viewer web", "first": "unauthenticated", "": "unauthenticated",
		hex.EncodeToString(sum[:]): "unauthenticated",
	} {
		if got := who(token); got != want {
			t.Errorf("%q: %s", token, got)
		}
	}
	writeTokens(t, path, "- {name: ann")
	tokens.look()
	if got := who("first-token-01234"); got != "ann operator " {
		t.Errorf("after an invalid change: %s", got)
	}
	writeTokens(t, path, `[{"name": "bea", "token": "third-token-01234", "role": "viewer"}]`)
	tokens.look()
	if got := who("first-token-01234") + " " + who("third-token-01234"); got != "unauthenticated bea viewer " {
		t.Errorf("after a change: %s", got)
	}
}

func TestInvalidTokens(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no list": "name: ann", "no name": "- {token: first-token-01234, role: viewer}",
		"role": "- {name: a, token: first-token-01234, role: admin}", "short": "- {name: a, token: short, role: viewer}",
		"both":  "- {name: a, token: first-token-01234, sha256: 00, role: viewer}",
		"hash":  "- {name: a, sha256: 00, role: viewer}",
		"queue": "- {name: a, token: first-token-01234, role: viewer, queues: [a b]}",
		"null":  "- {name: a, token: first-token-01234, role: viewer, queues: }",
		"none":  "- {name: a, token: first-token-01234, role: viewer, queues: []}",
		"field": "- {name: a, token: first-token-01234, role: viewer, queue: web}",
		"twice": "- {name: a, token: first-token-01234, role: viewer}\n- {name: a, token: other-token-01234, role: viewer}",
	} {
		path := filepath.Join(t.TempDir(), "tokens")
		writeTokens(t, path, text)
		_, err := NewTokens(path, slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "first-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fakeReviewer is Kubernetes' answer.
type fakeReviewer struct {
	user    string
	allowed map[string]bool
	err     error
	asked   int
}

func (f *fakeReviewer) Review(_ context.Context, _, verb string) (string, bool, error) {
	f.asked++
	return f.user, f.allowed[verb], f.err
}

// slowReviewer counts reviews that are under way.
type slowReviewer struct{ asking, most atomic.Int32 }

func (s *slowReviewer) Review(context.Context, string, string) (string, bool, error) {
	n := s.asking.Add(1)
	defer s.asking.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
		continue
	}
	time.Sleep(time.Second)
	return "", false, nil
}

// TestReviewsAreBounded: whoever sends tokens that nobody knows makes us ask only so often at once.
func TestReviewsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &slowReviewer{}
		k := NewKubernetes(r, "builds")
		var all sync.WaitGroup
		for i := range 5 * maxAsking {
			all.Go(func() { _, _ = k.Authenticate(t.Context(), fmt.Sprint("token-", i), Get) })
		}
		all.Wait()
		if most := r.most.Load(); most != maxAsking {
			t.Errorf("%d at once", most)
		}
	})
}

// TestKubernetes: RBAC decides, and what it said counts for ten seconds.
func TestKubernetes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &fakeReviewer{user: "ann", allowed: map[string]bool{"get": true}}
		k := NewKubernetes(r, "builds")
		code := func(token string, verb Verb) string {
			p, err := k.Authenticate(t.Context(), token, verb)
			if err != nil {
				return asProblem(err).Code
			}
			return p.Name + " " + string(p.Role)
		}
		for range 3 {
			if got := code("t", Get) + " " + code("t", Create) + " " + code("", Get); got != "ann viewer forbidden unauthenticated" {
				t.Errorf("got %s", got)
			}
		}
		if r.asked != 2 {
			t.Errorf("asked %d times", r.asked)
		}
		time.Sleep(reviewLife)
		r.user = ""
		if got := code("t", Get); got != "unauthenticated" {
			t.Errorf("revoked: %s", got)
		}
		r.err = errors.New("no answer")
		if got := code("u", Get); got != "OTTO105" {
			t.Errorf("no answer: %s", got)
		}
	})
}
