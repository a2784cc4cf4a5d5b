package event

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// ID is the ID of a stream entry, `<milliseconds>-<sequence>`, and so of the event in it. IDs are compared as
// numbers: `5-10` comes after `5-2`.
type ID struct {
	Ms, Seq uint64
}

// ParseID reads the canonical form of an ID. Anything else (signs, leading zeros, a missing part) is an error, so
// that one event has one spelling everywhere: in names, keys and labels.
func ParseID(s string) (ID, error) {
	ms, seq, ok := strings.Cut(s, "-")
	if !ok {
		return ID{}, fmt.Errorf("entry ID %q: want <milliseconds>-<sequence>", text.Ellipsis(s, maxQuoted))
	}
	var id ID
	var errMs, errSeq error
	id.Ms, errMs = strconv.ParseUint(ms, 10, 64)
	id.Seq, errSeq = strconv.ParseUint(seq, 10, 64)
	if errMs != nil || errSeq != nil || id.String() != s {
		return ID{}, fmt.Errorf("entry ID %q: want <milliseconds>-<sequence>", text.Ellipsis(s, maxQuoted))
	}
	return id, nil
}

// String is the canonical form, the one Redis prints.
func (id ID) String() string {
	return strconv.FormatUint(id.Ms, 10) + "-" + strconv.FormatUint(id.Seq, 10)
}

// Compare orders IDs as Redis does.
func (id ID) Compare(other ID) int {
	if c := cmp.Compare(id.Ms, other.Ms); c != 0 {
		return c
	}
	return cmp.Compare(id.Seq, other.Seq)
}

// IsZero reports whether id is no entry's ID (Redis never gives 0-0 away).
func (id ID) IsZero() bool { return id == ID{} }

// lastMs is the last millisecond that RFC 3339 can write: the end of the year 9999.
const lastMs = 253_402_300_799_999

// Time is the moment the ID carries: by default the Redis server's clock at the XADD. A producer may set an ID of its
// own; one past the year 9999 gives the last moment of it.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(min(id.Ms, lastMs))).UTC()
}

// MarshalText and UnmarshalText give an ID its canonical form in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	if err == nil {
		*id = parsed
	}
	return err
}
