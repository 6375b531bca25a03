// Package bench counts and measures the program as a whole: N Applications of M
// objects each, all from one repository, on a control plane of their own.
//
// TestCounts proves what the program asks of the API server and of Git, to the
// request. BenchmarkEvenkeel measures what people wait for and what it costs:
//
//	go test -run '^$' -bench . -benchtime 1x ./test/bench -apps 100
//
// Its scenarios build on each other and run once, in order; a scenario that is
// left out by -bench is prepared unmeasured. They report, per operation where a
// scenario repeats one:
//
//	s, median-s, max-s  from the request to the outcome, as a watch tells it
//	cpu-s               CPU seconds of evenkeel and all its git processes
//	peak-MiB            its resident memory at the highest, git processes left out
//	plane-cpu-s         CPU seconds of the control plane: etcd, API server, controllers
//	get, list, …        its requests by verb; dryrun are patches that change nothing
//	git                 git processes that it started
//
// BenchmarkMonorepo does the same with one repository of plain manifests, overlays over
// bases, and charts, a third each, and reports also:
//
//	rendered, known, held  sources that were rendered, were rendered before, or of which
//	                       the rendering in force was that of the new commit too
//	workers-peak-MiB       resident memory of the render workers together
//
// TestMonorepo proves those counts with 60 Applications. BenchmarkRender renders the same
// content without a cluster, beside the programs helm and kustomize, which lie in
// bin/oracle or where ORACLE_BIN says.
//
// TestLive holds a bound on the heap that a live object takes, and that nothing is requested
// while only events come in, with a server at the network's edge that makes its objects as they
// are asked for. BenchmarkLive measures the program with -live objects on a control plane,
// -managed of them managed, and reports:
//
//	heap-B/object, heap-B/other  live heap by object, and what each unmanaged one has added
//	us-of-cpu/event              CPU time for an event, of which nearly all are of nobody
//	idle-requests                requests of a minute in which nothing changes, but for watches
//
// The content is that which Argo CD was measured with: one Deployment without
// replicas, one ServiceAccount, one Role, one Secret, two Services, the rest
// ConfigMaps, each Application in a namespace of its own that it creates. Nothing
// sleeps or polls: all waiting is by watches, and for what is to be quiet, by the
// intervals that the Git server sees.
package bench
