// Package oci turns a repository of an OCI registry and a tag, digest or range of
// versions into an immutable tree: of a plain artifact, or of a Helm chart.
//
// A repository is oci://HOST/PATH, or HOST/PATH and the name of a chart. Resolve
// says what a target stands for now, with Argo CD's rules; an exact tag costs one
// request without a body. Artifact is the content; what a digest names is
// downloaded once and kept below Options.Dir, so that a known digest costs no
// download, and for credentials that have been shown its manifest no request.
//
// # Safety
//
// Manifests, tags and layers are what a server says. Each is bounded in size,
// number and time, and compared with its digest before anything is made of it. An
// index of several manifests, a manifest of more than one content layer and a layer
// of another type than allowed are refused. A list of tags that is too long is an
// error: the newest version in the part of it could be an old one.
//
// Whoever asks for a digest gets it only after the registry has shown its manifest
// to these very credentials, in this process or, as the caller has kept (Shown), in one
// before. What is on disk belongs to one address, reached in one
// way: a server cannot claim a digest in order to be handed what another one gave.
//
// User and password go to the registry's own host, and to the host that it names
// for tokens if that is reached by https or as the registry is (docker.io names
// auth.docker.io): as with docker, containerd and Helm, for otherwise no
// credential would work at the large registries. Such a host must not be this
// machine, link-local or a cloud's metadata service unless it is the registry's own.
// Neither they nor tokens go where the registry redirects to, such as the
// object store that holds its blobs. Errors hold no credential and no signed URL.
//
// Everything exported is safe for concurrent use.
package oci
