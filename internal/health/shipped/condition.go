package shipped

import (
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// pattern is a condition as a rule looks for it, written Type=Status:Reason:
//
//	Ready=False              of this type and status
//	Ready                    of this type, whatever its status
//	*=False                  of any type
//	Available!=True          any status but this, or none
//	Ready=False:NotFound     for this reason
//	NotReady=True:!Creating  for any reason but this, or none
type pattern struct {
	kind, status, reason string
	notStatus, notReason bool
}

func parse(s string) pattern {
	var p pattern
	s, p.reason, _ = strings.Cut(s, ":")
	p.kind, p.status, _ = strings.Cut(s, "=")
	p.kind, p.notStatus = strings.CutSuffix(p.kind, "!")
	p.reason, p.notReason = strings.CutPrefix(p.reason, "!")
	return p
}

func (p *pattern) matches(condition field.Object) bool {
	if p.kind != "*" && condition.Text("type") != p.kind {
		return false
	}
	if p.status != "" && (condition.Text("status") == p.status) == p.notStatus {
		return false
	}
	return p.reason == "" || (condition.Text("reason") == p.reason) != p.notReason
}

// clause is a pattern and what a condition that matches it means.
type clause struct {
	pattern
	then   v1alpha1.HealthStatusCode
	saying string
}

func when(pattern string, then v1alpha1.HealthStatusCode) clause {
	return clause{pattern: parse(pattern), then: then}
}

// with asks for exactly this message too.
func (c clause) with(message string) clause {
	c.saying = message
	return c
}

func (c *clause) matches(condition field.Object) bool {
	return c.pattern.matches(condition) && (c.saying == "" || condition.Text("message") == c.saying)
}

// conditions goes through status.conditions in their order; the first that a clause
// matches decides. What is to be looked for first wherever it stands in the list is
// a step of its own.
func conditions(clauses ...clause) step { return conditionsOf("status", clauses...) }

// conditionsOf is conditions for a list that is in another object than the status.
func conditionsOf(path string, clauses ...clause) step {
	return func(o field.Object) verdict {
		holder, name := o.At(path)
		for c := range holder.Object(name).Each("conditions") {
			if v := judge(c, clauses); v.status != "" {
				return v
			}
		}
		return verdict{}
	}
}

func judge(condition field.Object, clauses []clause) verdict {
	for i := range clauses {
		if clauses[i].matches(condition) {
			return verdict{clauses[i].then, field.Words(condition)}
		}
	}
	return verdict{}
}

// both wants a condition for each pattern. It tells what the first of them says.
func both(then v1alpha1.HealthStatusCode, texts ...string) step {
	patterns := make([]pattern, len(texts))
	for i, text := range texts {
		patterns[i] = parse(text)
	}
	return func(o field.Object) verdict {
		var first field.Object
		for i := range patterns {
			c := find(o.Object("status"), &patterns[i])
			if c == nil {
				return verdict{}
			}
			if i == 0 {
				first = c
			}
		}
		return verdict{then, field.Words(first)}
	}
}

// find is the first condition that matches a pattern, nil when none does.
func find(status field.Object, p *pattern) field.Object {
	for c := range status.Each("conditions") {
		if p.matches(c) {
			return c
		}
	}
	return nil
}

// conditional is for objects that have conditions of which none has decided. It tells
// of the first that is not true.
func conditional(then v1alpha1.HealthStatusCode) step {
	notTrue := parse("*!=True")
	return func(o field.Object) verdict {
		status := o.Object("status")
		if !status.Has("conditions") {
			return verdict{}
		}
		if c := find(status, &notTrue); c != nil {
			return verdict{then, field.Words(c)}
		}
		for c := range status.Each("conditions") {
			return verdict{then, field.Words(c)}
		}
		return verdict{then, "No condition says how it fares"}
	}
}

// truth is a whole rule: one condition that is true when the object is healthy and
// false when it is not.
func truth(kind, awaited string) steps {
	return steps{conditions(when(kind+"=False", degraded), when(kind+"=True", healthy)), waiting(awaited)}
}
