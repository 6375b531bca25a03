package luavm

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"evenkeel.dev/internal/fault"
)

// A single instruction of the interpreter can take any amount of memory in three
// cases: s .. s doubles a string, t[60000000] = 1 fills a list up to there, and a
// table is some hundred bytes. So these are rewritten, before they are compiled, into
// calls of functions that count first. Their names cannot be written in Lua.
const (
	concatName = "\x00concat"
	setName    = "\x00set"
	tableName  = "\x00table"
)

var hiddenNames = [...]string{concatName, setName, tableName}

const (
	// maxNesting bounds how deep a script's syntax may nest: its compiler recurses.
	maxNesting = 500
	// maxParts bounds the arguments of one call: they have a register each.
	maxParts = 40
	// smallIndex is up to where a constant index needs no counting.
	smallIndex = 64
)

// bounded rewrites a script and gives it the functions that it then calls.
func bounded(chunk []ast.Stmt) ([]ast.Stmt, error) {
	b := &bounder{}
	chunk = b.block(chunk)
	if b.deep {
		return nil, fault.New(fault.Invalid, "the script cannot be compiled: it nests deeper than %d", maxNesting)
	}
	hidden := &ast.LocalAssignStmt{Names: hiddenNames[:], Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	hidden.SetLine(1)
	hidden.Exprs[0].SetLine(1)
	return append([]ast.Stmt{hidden}, chunk...), nil
}

type bounder struct {
	depth int
	temps int
	deep  bool
}

// enter says whether there is room for one level more; leave follows where there is.
func (b *bounder) enter() bool {
	if b.depth >= maxNesting {
		b.deep = true
		return false
	}
	b.depth++
	return true
}

func (b *bounder) leave() { b.depth-- }

func (b *bounder) block(list []ast.Stmt) []ast.Stmt {
	if !b.enter() {
		return nil
	}
	defer b.leave()
	for i, s := range list {
		list[i] = b.stmt(s)
	}
	return list
}

func (b *bounder) stmt(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return b.assign(s)
	case *ast.LocalAssignStmt:
		b.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = b.expr(s.Expr)
	case *ast.DoBlockStmt:
		s.Stmts = b.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition, s.Stmts = b.expr(s.Condition), b.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition, s.Stmts = b.expr(s.Condition), b.block(s.Stmts)
	case *ast.IfStmt:
		s.Condition, s.Then, s.Else = b.expr(s.Condition), b.block(s.Then), b.block(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step, s.Stmts = b.expr(s.Init), b.expr(s.Limit), b.expr(s.Step), b.block(s.Stmts)
	case *ast.GenericForStmt:
		b.exprs(s.Exprs)
		s.Stmts = b.block(s.Stmts)
	case *ast.FuncDefStmt:
		s.Func.Stmts = b.block(s.Func.Stmts)
	case *ast.ReturnStmt:
		b.exprs(s.Exprs)
	}
	return s
}

func (b *bounder) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = b.expr(e)
	}
}

func (b *bounder) expr(e ast.Expr) ast.Expr {
	if e == nil || !b.enter() {
		return e
	}
	defer b.leave()
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		e.Object, e.Key = b.expr(e.Object), b.expr(e.Key)
	case *ast.TableExpr:
		return b.table(e)
	case *ast.FuncCallExpr:
		e.Func, e.Receiver = b.expr(e.Func), b.expr(e.Receiver)
		b.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = b.expr(e.Lhs), b.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = b.expr(e.Lhs), b.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = b.expr(e.Lhs), b.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = b.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = b.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = b.expr(e.Expr)
	case *ast.FunctionExpr:
		e.Stmts = b.block(e.Stmts)
	case *ast.StringConcatOpExpr:
		return b.concat(e)
	}
	return e
}

// call is a call of a hidden function, which gives one value.
func call(name string, at ast.PositionHolder, args ...ast.Expr) *ast.FuncCallExpr {
	f := &ast.IdentExpr{Value: name}
	f.SetLine(at.Line())
	f.SetLastLine(at.Line())
	// AdjustRet also keeps "return a .. b" from being a tail call, whose errors have no line.
	c := &ast.FuncCallExpr{Func: f, Args: args, AdjustRet: true}
	c.SetLine(at.Line())
	c.SetLastLine(max(at.LastLine(), at.Line()))
	return c
}

// concat makes one call of a chain: a .. (b .. (c .. d)).
func (b *bounder) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var parts []ast.Expr
	rest := ast.Expr(e)
	for {
		next, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			parts = append(parts, single(b.expr(rest)))
			break
		}
		parts = append(parts, single(b.expr(next.Lhs)))
		rest = next.Rhs
	}
	for len(parts) > maxParts { // from the right, as .. is right associative
		at := len(parts) - maxParts
		parts = append(parts[:at], call(concatName, e, append([]ast.Expr(nil), parts[at:]...)...))
	}
	return call(concatName, e, parts...)
}

// single makes a call or ... give one value where it becomes the last argument.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// table counts a new table, and sets what has a key that may be any number afterwards.
func (b *bounder) table(e *ast.TableExpr) ast.Expr {
	var kept []*ast.Field
	var keyed []ast.Expr
	for _, f := range e.Fields {
		f.Key, f.Value = b.expr(f.Key), b.expr(f.Value)
		if f.Key == nil || known(f.Key) || len(keyed) >= 2*maxParts {
			kept = append(kept, f)
			continue
		}
		keyed = append(keyed, f.Key, single(f.Value))
	}
	if len(keyed) >= 2*maxParts {
		b.deep = true
	}
	e.Fields = kept
	return call(tableName, e, append([]ast.Expr{e}, keyed...)...)
}

// known says whether a key needs no counting.
func known(key ast.Expr) bool {
	switch key := key.(type) {
	case *ast.StringExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr:
		return true
	case *ast.NumberExpr:
		n, err := strconv.ParseFloat(key.Value, 64)
		return err == nil && n <= smallIndex
	default:
		return false
	}
}

// assign counts t[k] = v. Of several assignments all is evaluated first, as Lua does:
// i, t[i] = i+1, x sets t at the old i.
func (b *bounder) assign(s *ast.AssignStmt) ast.Stmt {
	b.exprs(s.Rhs)
	counted := false
	for i, e := range s.Lhs {
		s.Lhs[i] = b.expr(e)
		if target, ok := s.Lhs[i].(*ast.AttrGetExpr); ok && !known(target.Key) {
			counted = true
		}
	}
	if !counted {
		return s
	}
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		target, _ := s.Lhs[0].(*ast.AttrGetExpr)
		return b.set(s, target, single(s.Rhs[0]))
	}
	return b.assignAll(s)
}

func (b *bounder) set(at ast.Stmt, target *ast.AttrGetExpr, value ast.Expr) ast.Stmt {
	c := &ast.FuncCallStmt{Expr: call(setName, at, target.Object, target.Key, value)}
	c.SetLine(at.Line())
	c.SetLastLine(at.LastLine())
	return c
}

func (b *bounder) assignAll(s *ast.AssignStmt) ast.Stmt {
	places := &ast.LocalAssignStmt{}
	values := &ast.LocalAssignStmt{Exprs: s.Rhs}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{places, values}}
	for _, target := range s.Lhs {
		value := b.temp(values, s)
		attr, ok := target.(*ast.AttrGetExpr)
		if !ok {
			plain := &ast.AssignStmt{Lhs: []ast.Expr{target}, Rhs: []ast.Expr{value}}
			plain.SetLine(s.Line())
			block.Stmts = append(block.Stmts, plain)
			continue
		}
		object, key := b.temp(places, s), b.temp(places, s)
		places.Exprs = append(places.Exprs, single(attr.Object), single(attr.Key))
		block.Stmts = append(block.Stmts, b.set(s, &ast.AttrGetExpr{Object: object, Key: key}, value))
	}
	for _, x := range []ast.Stmt{places, values, block} {
		x.SetLine(s.Line())
		x.SetLastLine(s.LastLine())
	}
	return block
}

// temp adds a local variable to a statement and gives its name as an expression.
func (b *bounder) temp(s *ast.LocalAssignStmt, at ast.Stmt) ast.Expr {
	b.temps++
	name := "\x00" + strconv.Itoa(b.temps)
	s.Names = append(s.Names, name)
	e := &ast.IdentExpr{Value: name}
	e.SetLine(at.Line())
	e.SetLastLine(at.LastLine())
	return e
}
