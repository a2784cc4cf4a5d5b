package config

import "testing"

func TestParseQuantity(t *testing.T) {
	for text, want := range map[string]string{
		"2": "2", "0.5": "1/2", "100m": "1/10", "1k": "1000", "3M": "3000000", "1G": "1000000000",
		"1T": "1000000000000", "1P": "1000000000000000", "1Ki": "1024", "64Mi": "67108864", "1Gi": "1073741824",
		"1Ti": "1099511627776", "1Pi": "1125899906842624", "1.5Gi": "1610612736",
	} {
		if got, ok := parseQuantity(text); !ok || got.RatString() != want {
			t.Errorf("%s: got %v, %v; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "0", "0.0", "-1", "+1", "1K", "1mi", "1E", "1e3", ".5", "5.", "1 Gi", "1Gib"} {
		if got, ok := parseQuantity(text); ok {
			t.Errorf("%q: got %v, want a refusal", text, got)
		}
	}
}
