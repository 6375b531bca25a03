// Package oracle holds renderings against the programs that Argo CD runs: helm,
// kustomize and jsonnet, of the versions in go.mod.
//
// A case is a file testdata/{helm,kustomize,jsonnet}/NAME.txtar: a comment that says
// what it pins, request.yaml and the files of a repository below repo/. The program
// runs on a copy of the repository with the commands and flags that Argo CD gives it
// for that source (util/helm/cmd.go and util/kustomize/kustomize.go of v3), and
// render.Render gets the same request. The program's output is decoded as Argo CD
// decodes it, so that our decoder is held against something as well; so are our
// objects. They are compared value by value, one by one and in their order.
//
// Where the two have to fail, both must: a file want-failure holds the reason, as our
// error has it. Where we differ on purpose, want-differences holds each difference,
// and the comment of the case the reason.
//
// The programs are a module of their own, programs/go.mod, as Helm's command needs
// more of Kubernetes than this module does, and its tool dependencies would raise
// those of the linters. It requires the versions of client-go that go.mod has, so
// that what bin/evenkeel was built of is not compiled twice. make builds them into
// bin/oracle; ORACLE_BIN names another place.
package oracle
