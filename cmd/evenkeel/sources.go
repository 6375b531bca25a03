package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/plugin/jail"
	"evenkeel.dev/internal/render/worker"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/internal/source/git"
	"evenkeel.dev/internal/source/helmrepo"
	"evenkeel.dev/internal/source/oci"
	"evenkeel.dev/internal/source/proof"
	"evenkeel.dev/internal/telemetry"
)

// input is what comes in from outside of the cluster: repositories of all kinds below
// one directory, and what is rendered of them.
type input struct {
	sources *repository.Sources
	plugins *jail.Jail
	workers *worker.Pool
	cache   *cache.Cache
}

// inputOptions are what an input needs of its process.
type inputOptions struct {
	// dir is for mirrors, downloads and renderings.
	dir string
	// workers bounds what renders; its Plugins are made of plugins.
	workers worker.Options
	// plugins bounds the jail of plugins; its Dir is below dir.
	plugins jail.Options
	log     *slog.Logger
	metrics *telemetry.Metrics
	// find is the repository of a URL as an Application of a project may use it.
	find func(url, project string) (source.Repository, error)
}

func openInput(ctx context.Context, o inputOptions) (in *input, err error) {
	in = &input{}
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	limits, err := readLimits(os.Getenv)
	if err != nil {
		return in, err
	}
	proxy, noProxy := proxies()
	minter := credential.NewMinter(credential.MinterOptions{Workload: workload(), Proxy: proxy, NoProxy: noProxy})
	proofs, err := proof.Open(filepath.Join(o.dir, "proofs"), time.Now(), o.log)
	if err != nil {
		return in, err
	}
	mirrors, err := git.Open(ctx, git.Options{
		Dir: filepath.Join(o.dir, "git"), Log: o.log, Minter: minter, Proxy: proxy, NoProxy: noProxy, Repository: o.find,
		NoSubmodules: limits.noSubmodules, Proofs: proofs,
	})
	if err != nil {
		return in, err
	}
	in.sources = &repository.Sources{Git: repository.Git{Store: mirrors, Metrics: o.metrics}, Minter: minter, Kept: proofs}
	in.sources.Helm, err = helmrepo.Open(limits.helm(helmrepo.Options{Dir: filepath.Join(o.dir, "charts"), Proxy: proxy, NoProxy: noProxy, Log: o.log}))
	if err != nil {
		return in, err
	}
	in.sources.OCI, err = oci.Open(limits.oci(oci.Options{Dir: filepath.Join(o.dir, "oci"), Proxy: proxy, NoProxy: noProxy, Log: o.log}))
	if err != nil {
		return in, err
	}
	o.plugins.Dir, o.plugins.Log = filepath.Join(o.dir, "plugins"), o.log
	if in.plugins, err = jail.New(o.plugins); err != nil {
		return in, err
	}
	o.workers.Plugins = in.plugins
	if in.workers, err = worker.New(o.workers); err != nil {
		return in, err
	}
	in.cache, err = cache.Open(cache.Options{Dir: filepath.Join(o.dir, "renderings"), Program: program(), Render: in.workers.Render})
	return in, err
}

// program names what renders: this very build.
func program() string {
	b := build()
	return b.Version + " " + b.GitCommit + " " + b.GitTreeState + " " + b.BuildDate + " " + render.Tools()
}

// close ends what is under way. Nothing is lost: all of it can be had again.
func (in *input) close() {
	if in.workers != nil {
		in.workers.Close()
	}
	if in.plugins != nil {
		in.plugins.Close()
	}
	if in.sources == nil {
		return
	}
	err := in.sources.Git.Close()
	if in.sources.Helm != nil {
		err = errors.Join(err, in.sources.Helm.Close())
	}
	if in.sources.OCI != nil {
		err = errors.Join(err, in.sources.OCI.Close())
	}
	_ = err // a lock that cannot be let go of ends with the process
}

// proxies are those of the environment, as all programs read them.
func proxies() (proxy source.Secret, noProxy string) {
	lookup := func(name string) string { return cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name))) }
	return source.NewSecret(cmp.Or(lookup("HTTPS_PROXY"), lookup("HTTP_PROXY"))), lookup("NO_PROXY")
}

// workload is who Azure's webhook says that this pod is.
func workload() credential.WorkloadIdentity {
	return credential.WorkloadIdentity{
		ClientID: os.Getenv("AZURE_CLIENT_ID"), TenantID: os.Getenv("AZURE_TENANT_ID"), TokenFile: os.Getenv("AZURE_FEDERATED_TOKEN_FILE"),
		Authority: os.Getenv("AZURE_AUTHORITY_HOST"), ResourceManager: os.Getenv("AZURE_ARM_TOKEN_RESOURCE"),
	}
}
