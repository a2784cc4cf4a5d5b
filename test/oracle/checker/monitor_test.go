package checker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseCommand(t *testing.T) {
	for line, want := range map[string][]string{
		// as redis-server 7.0.15 prints them
		`1795390811.970931 [0 127.0.0.1:59284] "xadd" "s" "*" "a" "b\"c\\d" "x" "\x01\xff\n\xed\x95\x9c"`: {
			"XADD", "s", "*", "a", `b"c\d`, "x", "\x01\xff\n한",
		},
		`1795390812.990167 [0 lua] "set" "lua" ""`:                     {"SET", "lua", ""},
		`1795390812.990167 [3 unix:/run/redis.sock] "get" "] \" \r\t"`: {"GET", "] \" \r\t"},
		`1795390812.990167 [0 [::1]:4711] "get" "\a\b"`:                {"GET", "\a\b"},
		``: nil, `OK`: nil,
		`1795390812.990167 [0 lua]`:               nil,
		`1795390812.990167 [0 lua] "get`:          nil,
		`1795390812.990167 [0 lua] "get" `:        nil,
		`1795390812.990167 [0 lua] "get""a"`:      nil,
		`1795390812.990167 [0 lua] "\q"`:          nil,
		`1795390812.990167 [0 lua] "\xg0"`:        nil,
		`1795390812.990167 [0 lua] "\x0`:          nil,
		`1795390812.99 [0 lua] "get"`:             nil,
		`1795390812.-99167 [0 lua] "get"`:         nil,
		`99999999999999999999.990167 [0 lua] "a"`: nil,
	} {
		c, err := parseCommand(line)
		if diff := cmp.Diff(want, c.Args); diff != "" || (err == nil) != (want != nil) {
			t.Errorf("%s: %v\n%s", line, err, diff)
		}
	}
}

// FuzzParseCommand: no line panics the parser, and quoted text is read back unchanged.
func FuzzParseCommand(f *testing.F) {
	f.Add(`1795390811.970931 [0 127.0.0.1:59284] "xadd" "\x01\xff\n"`, "a\"b\\\n한\xff")
	f.Add(`1795390811.970931 [0 lua] "\`, "")
	f.Fuzz(func(t *testing.T, line, arg string) {
		_, _ = parseCommand(line)
		c, err := parseCommand("1795390811.970931 [0 127.0.0.1:1] " + quote("get") + " " + quote(arg))
		if err != nil || len(c.Args) != 2 || c.Args[1] != arg {
			t.Errorf("%q came back as %q: %v", arg, c.Args, err)
		}
	})
}

// TestTransactions: interleaved clients, an aborted transaction, and the time of a transaction.
func TestTransactions(t *testing.T) {
	m, err := parseMonitor(strings.NewReader(strings.Join([]string{
		beginPrefix + "2026-01-01T00:00:00Z",
		`1.000001 [0 a:1] "watch" "f"`,
		`1.000002 [0 a:1] "multi"`,
		`1.000003 [0 b:2] "set" "f" "2"`,
		`1.000004 [0 a:1] "exec"`, // aborted
		`1.000005 [0 a:1] "MULTI"`,
		`1.000006 [0 b:2] "multi"`,
		`1.000007 [0 a:1] "set" "x" "1"`,
		`1.000008 [0 a:1] "hset" "h" "a" "b"`,
		`1.000009 [0 a:1] "EXEC"`,
		`1.000010 [0 b:2] "discard"`,
		`1.000011 [0 b:2] "set" "y" "1"`,
		`1.000012 [0 a:1] "multi"`,
		gapPrefix + "2026-01-01T00:00:01Z 2026-01-01T00:00:02Z",
		`1.000013 [0 a:1] "set" "z" "1"`,
		endPrefix + "2026-01-01T00:00:03Z",
		`1.000014 [0 a:1] "half a li`,
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range m.Commands {
		got = append(got, fmt.Sprintf("%d %s tx%d %dus", c.Line, strings.Join(c.Args, " "), c.Tx, c.At.Sub(time.Unix(1, 0)).Microseconds()))
	}
	want := []string{
		"2 WATCH f tx0 1us", "4 SET f 2 tx0 3us", "8 SET x 1 tx2 9us", "9 HSET h a b tx2 9us", "12 SET y 1 tx0 11us", "15 SET z 1 tx0 13us",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(m.Gaps) != 2 || !m.Ended {
		t.Errorf("(-want +got)\n%s, %d gaps, ended %v", diff, len(m.Gaps), m.Ended)
	}
}

func TestParseXAdd(t *testing.T) {
	for line, want := range map[string]string{
		"XADD s * a 1":                         "* map[a:1]",
		"XADD s 5-1 a 1 a 2":                   "5-1 map[a:2]",
		"XADD s NOMKSTREAM * a 1":              "* map[a:1]",
		"XADD s maxlen ~ 100 LIMIT 10 * a 1":   "* map[a:1]",
		"XADD s MINID = 5-1 7-* a 1":           "7-* map[a:1]",
		"XADD s MAXLEN 100 * maxlen 1 limit 2": "* map[limit:2 maxlen:1]",
		"XADD s":                               "",
		"XADD s MAXLEN":                        "",
		"XADD s MAXLEN ~":                      "",
	} {
		got := ""
		if entryID, fields, ok := parseXAdd(strings.Fields(line)); ok {
			got = fmt.Sprint(entryID, " ", fields)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
