package config

import (
	"math/big"
	"regexp"
	"strings"
)

var (
	resourceName = regexp.MustCompile(`^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[MG]i|` +
		`[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$`)
	quantityForm = regexp.MustCompile(`^([0-9]{1,15}(?:\.[0-9]{1,3})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$`)
)

func resources() rule {
	return rule{
		takes: "quantities such as cpu=100m,memory=64Mi",
		valid: func(v string) bool {
			_, ok := parseResources(v)
			return ok
		},
	}
}

// parseResources reads `name=quantity,…`: each name once, each quantity above zero. Only cpu may be fractional: `memory=100m`, a
// tenth of a byte, is a mistake that Kubernetes accepts.
func parseResources(v string) (map[string]*big.Rat, bool) {
	all := map[string]*big.Rat{}
	for part := range strings.SplitSeq(v, ",") {
		name, text, _ := strings.Cut(part, "=")
		q, ok := parseQuantity(text)
		if !ok || !resourceName.MatchString(name) || all[name] != nil {
			return nil, false
		}
		if name != "cpu" && !q.IsInt() {
			return nil, false
		}
		all[name] = q
	}
	return all, true
}

func parseQuantity(text string) (*big.Rat, bool) {
	m := quantityForm.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	q, ok := new(big.Rat).SetString(m[1])
	if !ok || q.Sign() <= 0 {
		return nil, false
	}
	return q.Mul(q, scale(m[2])), true
}

// scale is the factor of a quantity's suffix.
func scale(suffix string) *big.Rat {
	if suffix == "" {
		return big.NewRat(1, 1)
	}
	if suffix == "m" {
		return big.NewRat(1, 1000)
	}
	letter, binary := strings.CutSuffix(suffix, "i")
	base := big.NewInt(1000)
	if binary {
		base = big.NewInt(1024)
	}
	power := strings.Index("KMGTP", strings.ToUpper(letter)) + 1
	return new(big.Rat).SetInt(base.Exp(base, big.NewInt(int64(power)), nil))
}
