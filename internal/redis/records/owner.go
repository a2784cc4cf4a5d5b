package records

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxOwner bounds what is read back of the owner, and so what may be written.
const maxOwner = 1 << 10

// Owner is the installation that a Journal works for. Together with the consumer group it owns the stream.
type Owner struct {
	Namespace string // of its workers
	Instance  string
	LeaseUID  string // of its leader election; empty without one
}

// OwnedError says that the stream belongs to another installation. Nothing was written, and retrying does not help.
type OwnedError struct {
	Stream   string
	By       string // the other installation, in words
	TakeOver string // the command that moves the stream here on purpose
}

func (e *OwnedError) Error() string {
	return fmt.Sprintf("stream %q belongs to %s; to move it here, stop that installation and run: %s", e.Stream, e.By, e.TakeOver)
}

// DescribeOwner says in words who owns a stream, given the value of redis.Keys.Owner, and whether that is this
// installation, whatever its Lease. Package inspect calls it for `check`.
func DescribeOwner(value, group string, us Owner) (description string, ours bool) {
	them, err := decodeOwner(value)
	if err != nil {
		return "an installation whose name is unreadable", false
	}
	return them.String(), them.Group == group && them.Namespace == us.Namespace && them.Instance == us.Instance
}

// owner is the value in Redis: one line of JSON, which people can read.
type owner struct {
	Group     string `json:"group"`
	Namespace string `json:"namespace"`
	Instance  string `json:"instance"`
	LeaseUID  string `json:"lease_uid"`
}

func (o owner) String() string {
	s := fmt.Sprintf("the installation %q with consumer group %q", o.Namespace+"/"+o.Instance, o.Group)
	if o.LeaseUID != "" {
		s += fmt.Sprintf(" and lease %q", o.LeaseUID)
	}
	return s
}

// encode fails on what decodeOwner would refuse.
func (o owner) encode() (string, error) {
	b, err := json.Marshal(o)
	switch {
	case err != nil:
		return "", err
	case o.Group == "" || o.Namespace == "" || o.Instance == "":
		return "", errors.New("an owner needs a consumer group, a namespace and an instance")
	case len(b) > maxOwner:
		return "", fmt.Errorf("the owner has %d bytes: at most %d", len(b), maxOwner)
	}
	for _, s := range []string{o.Group, o.Namespace, o.Instance, o.LeaseUID} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return "", fmt.Errorf("%q in the owner has control characters or is not UTF-8", text.Clip(s, maxQuoted))
		}
	}
	return string(b), nil
}

// decodeOwner accepts exactly what encode writes.
func decodeOwner(value string) (owner, error) {
	var o owner
	if len(value) > maxOwner {
		return owner{}, fmt.Errorf("it has %d bytes", len(value))
	}
	if err := json.Unmarshal([]byte(value), &o); err != nil {
		return owner{}, err
	}
	if again, err := o.encode(); err != nil || again != value {
		return owner{}, errors.New("it is not in canonical form")
	}
	return o, nil
}

func (j *Journal) owner() owner {
	o := j.opts.Owner
	return owner{Group: j.opts.Group, Namespace: o.Namespace, Instance: o.Instance, LeaseUID: o.LeaseUID}
}

// checkOwner returns an *OwnedError unless the owner is us. An unreadable value is another installation's.
func (j *Journal) checkOwner(value string, us owner) error {
	them, err := decodeOwner(value)
	if err == nil && them == us {
		return nil
	}
	by := them.String()
	if err != nil {
		by = fmt.Sprintf("an installation whose name in %q is unreadable (%v)", j.keys.Owner(), err)
	}
	return &OwnedError{Stream: j.keys.Stream, By: by, TakeOver: j.client.CLI("DEL", j.keys.Owner())}
}
