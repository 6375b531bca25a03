package controlplane

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kcmoptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"

	"evenkeel.dev/playground/internal/pki"
	"evenkeel.dev/playground/internal/statedir"
)

// leanControllers is what workloads, Services, namespaces, quotas, volumes and
// garbage collection need.
func leanControllers() string {
	return strings.Join([]string{
		"serviceaccount-token-controller", "serviceaccount-controller", "namespace-controller",
		"garbage-collector-controller", "deployment-controller", "replicaset-controller",
		"statefulset-controller", "daemonset-controller", "job-controller", "cronjob-controller",
		"endpoints-controller", "endpointslice-controller", "disruption-controller",
		"horizontal-pod-autoscaler-controller", "resourcequota-controller", "ttl-after-finished-controller",
		"pod-garbage-collector-controller", "root-ca-certificate-publisher-controller",
		"persistentvolume-binder-controller", "clusterrole-aggregation-controller",
	}, ",")
}

func controllerManagerArgs(d *statedir.Dir, o Options) []string {
	args := []string{
		"--kubeconfig=" + d.Kubeconfig(pki.ControllerManager),
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--leader-elect=false",
		"--service-account-private-key-file=" + d.PKI.File("sa.key"),
		"--root-ca-file=" + d.PKI.File("ca.crt"),
		"--cluster-signing-cert-file=" + d.PKI.File("ca.crt"),
		"--cluster-signing-key-file=" + d.PKI.File("ca.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		"--allocate-node-cidrs=false",
		"--use-service-account-credentials=false",
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--profiling=false",
		// Fake metrics are steady and true at once, so nobody need wait for them to settle.
		"--horizontal-pod-autoscaler-sync-period=2s",
		"--horizontal-pod-autoscaler-downscale-stabilization=10s",
		"--horizontal-pod-autoscaler-cpu-initialization-period=0s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=0s",
	}
	if !o.Full {
		args = append(args, "--controllers="+leanControllers(), "--concurrent-gc-syncs=4")
	}
	return append(args, o.ControllerManagerArgs...)
}

func runControllerManager(ctx context.Context, args []string) error {
	options, err := kcmoptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	all, disabled, aliases := kcm.KnownControllers(), kcm.ControllersDisabledByDefault(), kcm.ControllerAliases()
	flags := options.Flags(all, disabled, aliases)
	if err := parseFlags("kube-controller-manager", flags, args); err != nil {
		return err
	}
	options.ParsedFlags = &flags
	config, err := options.Config(ctx, all, disabled, aliases)
	if err != nil {
		return err
	}
	return kcm.Run(ctx, config.Complete())
}

func schedulerArgs(d *statedir.Dir, o Options) []string {
	args := []string{
		"--kubeconfig=" + d.Kubeconfig(pki.Scheduler),
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--leader-elect=false",
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--profiling=false",
	}
	return append(args, o.SchedulerArgs...)
}

func runScheduler(ctx context.Context, args []string) error {
	options := scheduleroptions.NewOptions()
	if err := parseFlags("kube-scheduler", *options.Flags, args); err != nil {
		return err
	}
	config, s, err := scheduler.Setup(ctx, options)
	if err != nil {
		return err
	}
	return scheduler.Run(ctx, config, s)
}

func parseFlags(component string, sets cliflag.NamedFlagSets, args []string) error {
	fs := pflag.NewFlagSet(component, pflag.ContinueOnError)
	fs.SetOutput(io.Discard) // the error says it all
	fs.Usage = func() {}
	for _, set := range sets.FlagSets {
		fs.AddFlagSet(set)
	}
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("flags of %s: %w", component, err)
	}
	return nil
}
