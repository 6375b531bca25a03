package manifest

import (
	"strconv"
	"strings"
)

// resolve is the value of a plain scalar under YAML 1.1 as kubectl, Helm and
// Argo CD read it. Timestamps stay strings, as they do there.
func resolve(s string) (any, error) {
	if s == "" {
		return nil, nil
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '+', c == '-':
		return number(s)
	case c == '.':
		return dotted(s)
	case strings.IndexByte("yYnNtTfFoO~", c) >= 0 && len(s) <= 5:
		return word(s), nil
	}
	return s, nil
}

func word(s string) any {
	switch s {
	case "~", "null", "Null", "NULL":
		return nil
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false
	}
	return s
}

func dotted(s string) (any, error) {
	switch s {
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF":
		return nil, errNotFinite
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return integral(f)
	}
	return s, nil
}

// number reads integers in bases 2, 8, 10 and 16 and floats; what merely begins
// with a digit, such as 1.2.3, 10m or a date, stays a string.
func number(s string) (any, error) {
	switch s {
	case "-", "+":
		return s, nil
	case "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return nil, errNotFinite
	}
	plain := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return i, nil
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return integral(float64(u))
	}
	if !isFloat(plain) {
		return s, nil
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return s, nil //nolint:nilerr // out of range: a string to everyone else too
	}
	return integral(f)
}

// isFloat matches [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	s = strings.TrimLeft(s[:1], "+-") + s[1:]
	whole := digits(s)
	rest := s[whole:]
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
		if whole == 0 && fraction == 0 {
			return false
		}
	} else if whole == 0 {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	exponent := strings.TrimPrefix(rest[1:], "-")
	if len(exponent) == len(rest)-1 {
		exponent = strings.TrimPrefix(exponent, "+")
	}
	return exponent != "" && digits(exponent) == len(exponent)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
