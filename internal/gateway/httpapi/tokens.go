package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	reloadInterval = 5 * time.Second
	maxTokensFile  = 1 << 20 // bytes
	maxTokens      = 1000
	minTokenText   = 16 // bytes of a token in clear
)

// Tokens are those of the operator's file, which is read again when it changes.
type Tokens struct {
	path    string
	log     *slog.Logger
	current atomic.Pointer[tokenSet]
	failure string // of the last look, as it was logged
}

type tokenSet struct {
	tokens      []token
	fingerprint [sha256.Size]byte
}

type token struct {
	sum       [sha256.Size]byte
	principal Principal
}

// NewTokens reads the file for the first time. A list in YAML or JSON: name, and token or sha256 (hexadecimal, of the token), role,
// queues.
func NewTokens(path string, log *slog.Logger) (*Tokens, error) {
	set, err := loadTokens(path)
	if err != nil {
		return nil, err
	}
	t := &Tokens{path: path, log: log}
	t.current.Store(set)
	return t, nil
}

// Run looks at the file until ctx ends, and returns nil. An invalid one changes nothing.
func (t *Tokens) Run(ctx context.Context) error {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.look()
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *Tokens) look() {
	set, err := loadTokens(t.path)
	switch {
	case err != nil:
		if err.Error() != t.failure {
			t.failure = err.Error()
			errcode.Warn(t.log, errcode.ReloadFailed, "error", err)
		}
		return
	case set.fingerprint != t.current.Load().fingerprint:
		t.current.Store(set)
		t.log.Info("tokens reloaded", "tokens", len(set.tokens))
	}
	t.failure = ""
}

// Authenticate implements Authenticator. Every token is compared, each in constant time.
func (t *Tokens) Authenticate(_ context.Context, sent string, _ Verb) (*Principal, error) {
	if sent == "" {
		return nil, unauthenticated("no token was sent")
	}
	sum, found := sha256.Sum256([]byte(sent)), -1
	tokens := t.current.Load().tokens
	for i := range tokens {
		if subtle.ConstantTimeCompare(tokens[i].sum[:], sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return nil, unauthenticated("this token is not known")
	}
	p := tokens[found].principal
	return &p, nil
}

// tokenSpec is one item of the file.
type tokenSpec struct {
	Name   string          `json:"name"`
	Token  string          `json:"token,omitempty"`
	SHA256 string          `json:"sha256,omitempty"`
	Role   Role            `json:"role"`
	Queues json.RawMessage `json:"queues,omitempty"` // present and empty is a mistake that must not open all of them
}

// parseQueues returns nil where none are named: all.
func (s *tokenSpec) parseQueues() (queues []string, err error) {
	if s.Queues == nil {
		return nil, nil
	}
	if err := json.Unmarshal(s.Queues, &queues); err != nil || len(queues) == 0 {
		return nil, errors.New("queues: takes a list of names; leave it out for all queues")
	}
	for _, q := range queues {
		if !event.ValidQueue(q) {
			return nil, fmt.Errorf("queues: %q is no name of a queue", q)
		}
	}
	return queues, nil
}

func loadTokens(path string) (*tokenSet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("OTTO_API_TOKENS_FILE: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, maxTokensFile+1))
	if err == nil && len(b) > maxTokensFile {
		err = fmt.Errorf("has more than %d bytes", maxTokensFile)
	}
	var specs []tokenSpec
	if err == nil {
		err = yaml.UnmarshalStrict(b, &specs)
	}
	set := &tokenSet{fingerprint: sha256.Sum256(b)}
	if err == nil {
		set.tokens, err = parseTokens(specs)
	}
	if err != nil {
		return nil, fmt.Errorf("OTTO_API_TOKENS_FILE %s: %w", path, err)
	}
	return set, nil
}

// parseTokens quotes no token in its errors.
func parseTokens(specs []tokenSpec) ([]token, error) {
	if len(specs) == 0 || len(specs) > maxTokens {
		return nil, fmt.Errorf("got %d tokens, takes a list of 1 to %d, each with name, role, and token or sha256", len(specs), maxTokens)
	}
	var all []token
	var invalid []error
	names := make(map[string]bool)
	for i, spec := range specs {
		t, err := spec.parse()
		if err == nil && names[spec.Name] {
			err = errors.New("name: another token has it")
		}
		names[spec.Name] = true
		if err != nil {
			invalid = append(invalid, fmt.Errorf("[%d] %w", i, err))
		}
		all = append(all, t)
	}
	return all, errors.Join(invalid...)
}

func (s *tokenSpec) parse() (t token, err error) {
	t.principal = Principal{Name: s.Name, Role: s.Role}
	switch problem := event.CheckLine(s.Name, maxName); {
	case s.Name == "" || problem != "":
		return t, fmt.Errorf("name: takes 1 to %d bytes of one line", maxName)
	case s.Role != Viewer && s.Role != Operator:
		return t, fmt.Errorf("role: takes %s or %s", Viewer, Operator)
	case (s.Token == "") == (s.SHA256 == ""):
		return t, errors.New("takes either token or sha256")
	case s.Token != "" && len(s.Token) < minTokenText:
		return t, fmt.Errorf("token: takes at least %d bytes", minTokenText)
	}
	if t.principal.Queues, err = s.parseQueues(); err != nil {
		return t, err
	}
	if s.Token != "" {
		t.sum = sha256.Sum256([]byte(s.Token))
		return t, nil
	}
	if n, err := hex.Decode(t.sum[:], []byte(s.SHA256)); len(s.SHA256) != hex.EncodedLen(sha256.Size) || err != nil || n != sha256.Size {
		return t, errors.New("sha256: takes 64 hexadecimal digits, such as of: printf %s \"$TOKEN\" | sha256sum")
	}
	return t, nil
}
