package controlplane

import (
	"context"
	"fmt"
	"net"
	"os"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/klog/v2"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"evenkeel.dev/playground/internal/statedir"
)

const (
	serviceCIDR = "10.96.0.0/16"
	serviceIP   = "10.96.0.1"
)

// auditPolicy makes one line of each request: when it is answered, but of a
// watch, which may never end, when it begins.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
  omitStages: [RequestReceived, ResponseStarted]
`

// leanDisabledPlugins is the admission plugins that need controllers left out
// of [leanControllers], or guard what fake nodes do not have.
const leanDisabledPlugins = "TaintNodesByCondition,RuntimeClass,CertificateApproval,CertificateSigning," +
	"ClusterTrustBundleAttest,CertificateSubjectRestriction,PodSecurity,PersistentVolumeClaimResize,StorageObjectInUseProtection"

func apiserverArgs(d *statedir.Dir, o Options) []string {
	etcd := etcdURL(d, statedir.EtcdSocket)
	args := []string{
		"--etcd-servers=" + etcd.String(),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--external-hostname=localhost",
		"--endpoint-reconciler-type=none", // loopback is not a valid Endpoints address
		"--service-cluster-ip-range=" + serviceCIDR,
		"--allow-privileged=true",
		"--anonymous-auth=true", // /readyz and /livez without a certificate
		"--authorization-mode=RBAC",
		"--client-ca-file=" + d.PKI.File("ca.crt"),
		"--tls-cert-file=" + d.PKI.File("apiserver.crt"),
		"--tls-private-key-file=" + d.PKI.File("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + d.PKI.File("sa.pub"),
		"--service-account-signing-key-file=" + d.PKI.File("sa.key"),
		"--requestheader-client-ca-file=" + d.PKI.File("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + d.PKI.File("front-proxy-client.crt"),
		"--proxy-client-key-file=" + d.PKI.File("front-proxy-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--profiling=false",
		"--shutdown-delay-duration=0s",
		"--event-ttl=1h",
	}
	if o.AuditLog != "" {
		args = append(args, "--audit-log-path="+o.AuditLog, "--audit-policy-file="+d.Path("audit-policy.yaml"))
	}
	if !o.Full {
		args = append(args,
			"--enable-priority-and-fairness=false",
			"--max-requests-inflight=0", "--max-mutating-requests-inflight=0",
			"--etcd-compaction-interval=0", // etcd compacts by itself
			"--disable-admission-plugins="+leanDisabledPlugins,
		)
	}
	return append(args, o.APIServerArgs...)
}

// prepareAPIServer reads the flags and returns the function that serves on l
// until ctx ends.
func prepareAPIServer(d *statedir.Dir, o Options, l net.Listener) (func(context.Context) error, error) {
	if o.AuditLog != "" {
		if err := os.WriteFile(d.Path("audit-policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
			return nil, fmt.Errorf("audit policy: %w", err)
		}
	}
	run := options.NewServerRunOptions()
	if err := parseFlags("kube-apiserver", run.Flags(), apiserverArgs(d, o)); err != nil {
		return nil, err
	}
	run.SecureServing.Listener = l
	run.SecureServing.BindPort = statedir.PortOf(l)
	if err := run.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	return func(ctx context.Context) error {
		completed, err := run.Complete(ctx)
		if err != nil {
			return err
		}
		if errs := completed.Validate(); len(errs) != 0 {
			return utilerrors.NewAggregate(errs)
		}
		return serveAPI(ctx, completed)
	}, nil
}

// serveAPI is kube-apiserver's own Run but for the two slow hooks that
// [bootstrap] stands in for.
func serveAPI(ctx context.Context, completed options.CompletedOptions) error {
	config, err := apiserver.NewConfig(completed)
	if err != nil {
		return err
	}
	generic := config.KubeAPIs.ControlPlane.Generic
	generic.DisabledPostStartHooks.Insert("rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes")
	err = generic.AddPostStartHook("playground/bootstrap", func(hook genericapiserver.PostStartHookContext) error {
		return bootstrap(hook, hook.LoopbackClientConfig)
	})
	if err != nil {
		return err
	}
	complete, err := config.Complete()
	if err != nil {
		return err
	}
	server, err := apiserver.CreateServerChain(complete)
	if err != nil {
		return err
	}
	prepared, err := server.PrepareRun()
	if err != nil {
		return err
	}
	klog.InfoS("playground: kube-apiserver prepared")
	return prepared.Run(ctx)
}
