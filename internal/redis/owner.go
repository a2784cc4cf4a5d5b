package redis

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxOwner bounds what is read back of the owner, and so what may be written.
const maxOwner = 1 << 10

// Owner is the installation that a Journal works for. With the consumer group it is what one stream belongs to.
type Owner struct {
	Namespace string // where its workers run
	Instance  string
	LeaseUID  string // of its leader election; empty without one
}

// OwnedError says that the stream belongs to another installation. Nothing was written, and trying again does not help.
type OwnedError struct {
	Stream   string
	By       string // the other one, in words
	TakeOver string // the command that a person runs to take the stream over on purpose
}

func (e *OwnedError) Error() string {
	return fmt.Sprintf("the stream %q belongs to %s; to take it over on purpose, stop that one and run: %s", e.Stream, e.By, e.TakeOver)
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
		return "", errors.New("an owner has a consumer group, a namespace and an instance")
	case len(b) > maxOwner:
		return "", fmt.Errorf("the owner has %d bytes: at most %d", len(b), maxOwner)
	}
	for _, s := range []string{o.Group, o.Namespace, o.Instance, o.LeaseUID} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return "", fmt.Errorf("%q in the owner is no text of one line", clip(s, 64))
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
		return owner{}, errors.New("no installation writes it like that")
	}
	return o, nil
}

func (j *Journal) owner() owner {
	o := j.opts.Owner
	return owner{Group: j.opts.Group, Namespace: o.Namespace, Instance: o.Instance, LeaseUID: o.LeaseUID}
}

// checkOwner says who owns the stream if it is not us. What cannot be read is somebody else's.
func (j *Journal) checkOwner(value string, us owner) error {
	them, err := decodeOwner(value)
	if err == nil && them == us {
		return nil
	}
	by := them.String()
	if err != nil {
		by = fmt.Sprintf("somebody whose name in %q cannot be read (%v)", j.keys.Owner(), err)
	}
	return &OwnedError{Stream: j.keys.Stream, By: by, TakeOver: j.client.cli("DEL", j.keys.Owner())}
}

// cli is the redis-cli command for one of our keys, ready to be pasted into a shell. How to reach Redis, and the
// password, the person knows.
func (c *Client) cli(command, key string) string {
	database := ""
	if c.db != 0 {
		database = fmt.Sprintf("-n %d ", c.db)
	}
	return fmt.Sprintf("redis-cli %s%s '%s'", database, command, strings.ReplaceAll(key, "'", `'\''`))
}
