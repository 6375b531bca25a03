// Package script runs the program as a whole: each testdata/*.txtar is a scenario
// on a control plane of its own, with a real Git server and the real binary.
//
// Besides the commands of testscript a scenario has:
//
//	commit REPO DIR [KEY]    make DIR the whole content of REPO's main branch; sets $HEAD.
//	                         KEY is the file of a private SSH key to sign with
//	tag REPO NAME [KEY]      point an annotated tag at REPO's main branch
//	large REPO FILE          make FILE a pointer to what it was, which REPO's server of
//	                         large files has from now on (Git LFS)
//	submodule REPO PATH COMMIT
//	                         make a commit of REPO with another repository's commit at
//	                         PATH; .gitmodules is a file as any
//	chart DIR                publish a chart in the Helm repository $CHARTS, as helm package
//	                         and helm repo index do
//	charts down|up|password VALUE
//	registry [USER PASSWORD] start a registry at $REGISTRY, for that user or for everyone
//	push-chart PATH DIR      push a chart to the registry, as helm push does, as PATH/NAME
//	push-artifact PATH TAG DIR
//	                         push files to the registry; both set $DIGEST
//	downloads                write which paths were asked of $CHARTS since the last call, with
//	                         counts, to stdout
//	renders                  write how many sources were rendered, and known from before,
//	                         since the last call to stdout
//	start [NAME=VALUE...] [FLAG...]
//	                         start "evenkeel run", in an environment that has these
//	                         variables too, and wait until it is ready
//	end | kill9              end it with SIGTERM, which must exit 0, or SIGKILL
//	apply FILE...            create or update objects, as field manager "tester"
//	client-side-apply NS MANAGER FILE
//	                         create an object as kubectl apply does without --server-side
//	patch KIND[.GROUP][/SUBRESOURCE] NS/NAME MANAGER JSON
//	                         merge-patch an object, or a subresource of it, as a field manager
//	remove KIND[.GROUP] NS/NAME
//	refresh APP [hard]       ask for a refresh and wait until it is answered
//	app APP WANT...          wait until an Application is as wanted: sync=, health=, op=,
//	                         revision=, condition=TYPE:REGEXP, nocondition=TYPE, gone,
//	                         resource=KIND/NAME:STATUS[:HEALTH], message=REGEXP, history=N,
//	                         why=REGEXP (of what its health says)
//	object KIND[.GROUP] NS/NAME WANT...
//	                         wait until an object has /json/pointer=VALUE or just /json/pointer,
//	                         or is there, or gone;
//	                         sets $UID
//	same KIND[.GROUP] NS/NAME
//	                         the object has the uid that it had when "object" saw it last
//	answer PATH              write what the server answers to a GET to stdout
//	cluster kill|restart|pause|resume
//	git down|up|password VALUE
//	requests [names]         write the counts of API requests since the last call to stdout
//	gits                     write the counts of git processes since the last call to stdout
//	silent TEXT...           none of the texts is in what evenkeel logs, writes below --data,
//	                         into Applications, events and ConfigMaps, or answers to anybody
//	tree APP                 write the nodes of an Application's tree, and the orphans beside it, to stdout
//	webhook STATUS SECRET FILE
//	                         send FILE as GitHub sends a push, signed with SECRET, write the
//	                         answer to stdout
//	call STATUS METHOD PATH [JSON]
//	                         make a request of evenkeel's API, write the answer to stdout
//
// Waiting is by watch, for at most a minute. Nothing sleeps.
package script
