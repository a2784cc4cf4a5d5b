package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// line is one string of the protocol with its CRLF.
func line(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func TestRESPReader(t *testing.T) {
	// CRLF in a value ends nothing.
	one := "*2\r\n" + line("5-1") + "*4\r\n" + line("a") + line("1\r\n2") + line("") + line("")
	first := worker.Entry{ID: event.ID{Ms: 5, Seq: 1}, Fields: map[string]string{"a": "1\r\n2", "": ""}}
	last := worker.Entry{ID: event.ID{Ms: 6}, Fields: map[string]string{"b": "3"}}
	other := "*2\r\n" + line("6-0") + "*4\r\n" + line("b") + line("2") + line("b") + line("3")
	cases := map[string]struct {
		enclosing int
		wire      string
		want      []worker.Entry
		err       string
	}{
		"entries of XRANGE":     {inRange, "*2\r\n" + one + other, []worker.Entry{first, last}, ""},
		"none of XRANGE":        {inRange, "*0\r\n", nil, ""},
		"entries of XREADGROUP": {inGroup, "*1\r\n*2\r\n" + line("*9") + "*2\r\n" + one + other, []worker.Entry{first, last}, ""},
		"none came in time":     {inGroup, "*-1\r\n", nil, ""},
		"none is pending":       {inGroup, "*1\r\n*2\r\n" + line("s") + "*0\r\n", nil, ""},
		"one that is deleted":   {inGroup, "*1\r\n*2\r\n" + line("s") + "*2\r\n*2\r\n" + line("5-1") + "*-1\r\n" + other, []worker.Entry{{ID: first.ID, Trimmed: true}, last}, ""},
		"an error":              {inGroup, "-NOGROUP no group\r\n", nil, "NOGROUP no group"},
		"an invalid ID":         {inRange, "*1\r\n*2\r\n" + line("x") + "*2\r\n" + line("a") + line("b"), nil, `"x"`},
		"an invalid length":     {inRange, "*1x\r\n", nil, `invalid length in the reply: "1x"`},
		"an empty line":         {inRange, "\r\n", nil, "empty line in the reply"},
	}
	for name, c := range cases {
		for step := 1; step <= len(c.wire); step++ {
			t.Run(fmt.Sprintf("%s in pieces of %d", name, step), func(t *testing.T) {
				r := respReader{enclosing: c.enclosing}
				for rest := c.wire; rest != ""; {
					n, err := r.Write([]byte(rest[:min(step, len(rest))]))
					if err != nil || n != min(step, len(rest)) {
						t.Fatalf("Write returned %d, %v", n, err)
					}
					rest = rest[n:]
				}
				if c.err != "" {
					if r.err == nil || !strings.Contains(r.err.Error(), c.err) {
						t.Errorf("error %v, want %q", r.err, c.err)
					}
					return
				}
				if diff := cmp.Diff(c.want, r.entries); diff != "" || r.err != nil {
					t.Errorf("error %v\n%s", r.err, diff)
				}
			})
		}
	}
}

// TestRESPReaderIsBounded: however large a part of an entry is, its small fields are kept, and what is kept is bounded.
func TestRESPReaderIsBounded(t *testing.T) {
	large := strings.Repeat("x", event.MaxEntryBytes)
	var many []string
	for i := range 10_000 {
		many = append(many, fmt.Sprintf("field-%05d", i), "value")
	}
	cases := map[string]struct {
		texts []string
		kept  int
	}{
		"a large value":          {[]string{"type", "x", "v", large, "z", "1"}, 2},
		"a large name":           {[]string{"type", "x", large, "v", "z", "1"}, 2},
		"many fields":            {many, event.MaxEntryBytes / 16},
		"one field, many times":  {strings.Split(strings.Repeat("a,"+large[:1000]+",", 100)+"a,1", ","), 1},
		"at the bound":           {[]string{"v", large[1:]}, 1},
		"over a dead letter's":   {[]string{"v", large[:redis.MaxDeadLetterBytes]}, 1},
		"just in a dead letter":  {[]string{"v", large[1:redis.MaxDeadLetterBytes]}, 1},
		"nothing but small ones": {[]string{"type", "x"}, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var wire strings.Builder
			fmt.Fprintf(&wire, "*1\r\n*2\r\n%s*%d\r\n", line("5-1"), len(c.texts))
			for _, text := range c.texts {
				wire.WriteString(line(text))
			}
			r := respReader{}
			_, _ = r.Write([]byte(wire.String()))
			if r.err != nil || len(r.entries) != 1 {
				t.Fatalf("%d entries, %v", len(r.entries), r.err)
			}
			e, sent, kept := r.entries[0], len(strings.Join(c.texts, "")), 0
			for name, value := range e.Fields {
				kept += len(name) + len(value)
			}
			if len(e.Fields) != c.kept || kept > event.MaxEntryBytes || r.size != sent {
				t.Errorf("it kept %d fields with %d bytes, want %d; it counted %d of %d", len(e.Fields), kept, c.kept, r.size, sent)
			}
			want := worker.Size{}
			if sent > redis.MaxDeadLetterBytes {
				want = worker.Size{Fields: len(c.texts) / 2, Bytes: sent, Sum: e.Size.Sum}
			}
			if e.Size != want || (e.Size.Sum == "") != (sent <= redis.MaxDeadLetterBytes) {
				t.Errorf("its size is %+v, want %+v", e.Size, want)
			}
		})
	}
}
