package jq

import (
	"strings"

	"github.com/itchyny/gojq"
)

// The functions of ours that the guard puts into an expression. Their names cannot be
// written there, as guard knows every name that can.
const (
	passName     = "evenkeel_pass"
	textName     = "evenkeel_text"
	patternName  = "evenkeel_pattern"
	multiplyName = "evenkeel_multiply"
)

// maxLoops bounds how many lists one expression can be in the middle of at once.
const maxLoops = 32

// treatment is what is done with the input, the arguments and the outcome of a function.
type treatment int

const (
	// plain functions look at nothing as a whole, or give back a part of their input:
	// they are left as they are, so that they are paths where they were.
	plain treatment = iota + 1
	// deep ones look at whole values or make new ones.
	deep
	// matching ones run a regular expression.
	matching
)

// allowed are the functions that can be called. Those that are missing would read the
// environment, the input, the clock or modules, repeat for ever, change what is there,
// or write texts that grow faster than they can be watched.
var allowed = table(map[treatment]string{
	plain: "path empty error not select first last nth limit skip isempty any all recurse paths getpath has in type length utf8bytelength " +
		"arrays objects iterables booleans numbers strings nulls values scalars range abs floor round ceil true false null infinite nan isnan isinfinite isnormal",
	deep: "keys add tostring tonumber toboolean tojson fromjson reverse contains inside indices index rindex startswith endswith ltrimstr rtrimstr trimstr " +
		"ltrim rtrim trim split ascii_downcase ascii_upcase flatten min max min_by max_by sort sort_by group_by unique unique_by " +
		"map to_entries from_entries with_entries explode",
	matching: "test match capture scan",
})

func table(names map[treatment]string) map[string]treatment {
	out := map[string]treatment{}
	for t, list := range names {
		for name := range strings.FieldsSeq(list) {
			out[name] = t
		}
	}
	return out
}

// guard rewrites an expression so that a meter sees what it builds, and refuses what
// could not be watched.
type guard struct {
	err   string
	loops int
	depth int
}

func (g *guard) refuse(why string) {
	if g.err == "" {
		g.err = why
	}
}

// whole is query for a whole expression.
func (g *guard) whole(q *gojq.Query) {
	if q.Meta != nil {
		g.refuse("modules cannot be used")
	}
	g.query(q)
	if g.loops > maxLoops {
		g.refuse("it loops over more lists than are allowed")
	}
}

func (g *guard) query(q *gojq.Query) {
	if q == nil || g.err != "" {
		return
	}
	const maxNesting = 200
	if g.depth++; g.depth > maxNesting {
		g.refuse("it is nested too deeply")
	}
	defer func() { g.depth-- }()
	if len(q.Imports) > 0 {
		g.refuse("modules cannot be used")
	}
	if len(q.FuncDefs) > 0 {
		g.refuse("functions cannot be defined")
	}
	for _, p := range q.Patterns {
		g.pattern(p)
	}
	g.term(q.Term)
	g.query(q.Left)
	g.query(q.Right)
	switch q.Op {
	case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		g.refuse("nothing can be assigned")
	case gojq.OpMul:
		*q = gojq.Query{Term: call(multiplyName, g.passed(q.Left), g.passed(q.Right))}
	case gojq.OpAdd:
		sum := gojq.Query{Left: g.passed(q.Left), Op: q.Op, Right: g.passed(q.Right)}
		*q = *pipe(&sum, passName)
	case gojq.OpSub, gojq.OpDiv, gojq.OpMod, gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		q.Left, q.Right = g.passed(q.Left), g.passed(q.Right)
	}
}

// pattern refuses patterns that compute a key.
func (g *guard) pattern(p *gojq.Pattern) {
	if p == nil {
		return
	}
	for _, e := range p.Array {
		g.pattern(e)
	}
	for _, o := range p.Object {
		if o.KeyQuery != nil || o.KeyString != nil && o.KeyString.Queries != nil {
			g.refuse("a pattern cannot compute a key")
		}
		g.pattern(o.Val)
	}
}

// passed is q with its outcome charged, or q itself where that is a constant.
func (g *guard) passed(q *gojq.Query) *gojq.Query {
	if t := q.Term; t != nil && len(t.SuffixList) == 0 {
		switch {
		case t.Type == gojq.TermTypeNumber, t.Type == gojq.TermTypeNull, t.Type == gojq.TermTypeTrue, t.Type == gojq.TermTypeFalse,
			t.Type == gojq.TermTypeString && t.Str.Queries == nil:
			return q
		}
	}
	return pipe(q, passName)
}

// pipe is ((q) | name).
func pipe(q *gojq.Query, name string) *gojq.Query {
	inner := *q
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: &gojq.Query{
		Left: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: &inner}}, Op: gojq.OpPipe,
		Right: &gojq.Query{Term: call(name)},
	}}}
}

func call(name string, args ...*gojq.Query) *gojq.Term {
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}
}

func (g *guard) term(t *gojq.Term) {
	if t == nil || g.err != "" {
		return
	}
	g.index(t.Index)
	for _, s := range t.SuffixList {
		g.index(s.Index)
		if s.Iter {
			g.loops++
		}
	}
	switch t.Type {
	case gojq.TermTypeFunc:
		g.function(t)
	case gojq.TermTypeRecurse:
		g.loops++
	case gojq.TermTypeObject:
		g.object(t)
	case gojq.TermTypeArray:
		g.query(t.Array.Query)
		g.outcome(t)
	case gojq.TermTypeUnary:
		g.term(t.Unary.Term)
	case gojq.TermTypeFormat:
		g.refuse("formats such as " + t.Format + " cannot be used")
	case gojq.TermTypeString:
		g.text(t)
	case gojq.TermTypeIf:
		g.branches(t.If)
	case gojq.TermTypeTry:
		g.query(t.Try.Body)
		g.query(t.Try.Catch)
	case gojq.TermTypeReduce:
		g.loop(t.Reduce.Patterns, t.Reduce.Query, t.Reduce.Start, t.Reduce.Update)
	case gojq.TermTypeForeach:
		g.loop(t.Foreach.Patterns, t.Foreach.Query, t.Foreach.Start, t.Foreach.Update, t.Foreach.Extract)
	case gojq.TermTypeLabel:
		g.query(t.Label.Body)
	case gojq.TermTypeQuery:
		g.query(t.Query)
	}
}

func (g *guard) index(i *gojq.Index) {
	if i == nil {
		return
	}
	if i.Str != nil {
		g.queries(i.Str.Queries)
	}
	g.query(i.Start)
	g.query(i.End)
}

func (g *guard) queries(list []*gojq.Query) {
	for _, q := range list {
		g.query(q)
	}
}

func (g *guard) loop(patterns []*gojq.Pattern, queries ...*gojq.Query) {
	for _, p := range patterns {
		g.pattern(p)
	}
	g.loops++
	g.queries(queries)
}

func (g *guard) branches(i *gojq.If) {
	g.query(i.Cond)
	g.query(i.Then)
	for _, e := range i.Elif {
		g.query(e.Cond)
		g.query(e.Then)
	}
	g.query(i.Else)
}

func (g *guard) object(t *gojq.Term) {
	for _, kv := range t.Object.KeyVals {
		if kv.KeyString != nil {
			g.queries(kv.KeyString.Queries)
		}
		g.query(kv.KeyQuery)
		g.query(kv.Val)
	}
	g.outcome(t)
}

func (g *guard) text(t *gojq.Term) {
	if t.Str.Queries == nil {
		return
	}
	g.queries(t.Str.Queries)
	for i, q := range t.Str.Queries {
		if q.Term == nil || q.Term.Type != gojq.TermTypeString { // the parts between are constants
			t.Str.Queries[i] = pipe(q, passName)
		}
	}
	g.outcome(t)
}

// outcome charges for what a term gives, before what is written behind it.
func (g *guard) outcome(t *gojq.Term) {
	inner := *t
	inner.SuffixList = nil
	*t = gojq.Term{Type: gojq.TermTypeQuery, Query: pipe(&gojq.Query{Term: &inner}, passName), SuffixList: t.SuffixList}
}

func (g *guard) function(t *gojq.Term) {
	f := t.Func
	if strings.HasPrefix(f.Name, "$") {
		if f.Name == "$ENV" || f.Name == "$__loc__" {
			g.refuse(f.Name + " cannot be used")
		}
		return
	}
	how, ok := allowed[f.Name]
	if !ok {
		g.refuse("the function " + f.Name + " cannot be used")
		return
	}
	if f.Name == "recurse" && len(f.Args) > 0 {
		g.refuse("the function recurse cannot be used with a filter")
	}
	g.loops++
	g.queries(f.Args)
	switch how {
	case deep:
		for i, a := range f.Args {
			f.Args[i] = pipe(a, passName)
		}
		g.surround(t, passName)
	case matching:
		for i, a := range f.Args {
			f.Args[i] = pipe(a, patternName)
		}
		g.surround(t, textName)
	}
}

// surround charges for what a function is given and what it gives.
func (g *guard) surround(t *gojq.Term, before string) {
	inner := *t
	inner.SuffixList = nil
	q := &gojq.Query{Left: &gojq.Query{Term: call(before)}, Op: gojq.OpPipe, Right: &gojq.Query{Term: &inner}}
	*t = gojq.Term{Type: gojq.TermTypeQuery, Query: pipe(q, passName), SuffixList: t.SuffixList}
}
