package checker

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseArgs reads quoted strings with single spaces between, at least one.
func parseArgs(s string) ([]string, error) {
	var args []string
	for {
		arg, rest, err := parseQuoted(s)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if rest == "" {
			return args, nil
		}
		if rest[0] != ' ' {
			return nil, fmt.Errorf("no space after an argument: %.20q", rest)
		}
		s = rest[1:]
	}
}

var errUnclosed = errors.New("unterminated argument")

// parseQuoted reads one string as Redis quotes it (sdscatrepr): \\ \" \n \r \t \a \b and \xHH, all else as it is.
func parseQuoted(s string) (arg, rest string, err error) {
	if s == "" || s[0] != '"' {
		return "", "", fmt.Errorf("an argument does not begin with a quote: %.20q", s)
	}
	var b strings.Builder
	for i := 1; i < len(s); {
		plain := strings.IndexAny(s[i:], `"\`)
		if plain < 0 {
			return "", "", errUnclosed
		}
		b.WriteString(s[i : i+plain])
		i += plain
		if s[i] == '"' {
			return b.String(), s[i+1:], nil
		}
		c, n, err := parseEscape(s[i:])
		if err != nil {
			return "", "", err
		}
		b.WriteByte(c)
		i += n
	}
	return "", "", errUnclosed
}

// parseEscape reads one escape sequence and says how long it is.
func parseEscape(s string) (c byte, length int, err error) {
	const codes, bytes = `\"nrtab`, "\\\"\n\r\t\a\b"
	if len(s) < 2 {
		return 0, 0, errUnclosed
	}
	if i := strings.IndexByte(codes, s[1]); i >= 0 {
		return bytes[i], 2, nil
	}
	if s[1] != 'x' || len(s) < 4 {
		return 0, 0, fmt.Errorf("unknown escape: %.4q", s)
	}
	v, err := strconv.ParseUint(s[2:4], 16, 8)
	return byte(v), 4, err
}
