package admission_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/fault"
)

const (
	here  = "destination: {server: https://kubernetes.default.svc, namespace: prod}"
	shop  = "{repoURL: https://git.example.com/shop.git, path: web}"
	plain = "project: team\nsource: " + shop + "\n" + here
)

func sources(all ...string) string {
	return "project: team\nsources: [" + strings.Join(all, ", ") + "]\n" + here
}

func TestAdmit(t *testing.T) {
	for _, c := range []struct {
		why, spec, namespace, want string
		kind                       fault.Kind
	}{
		{why: "as it should be", spec: plain},
		{why: "one of a list is one", spec: "project: team\nsources: [" + shop + "]\n" + here},
		{why: "by name", spec: "project: team\nsource: " + shop + "\ndestination: {name: in-cluster, namespace: prod}"},
		{why: "two sources of one repository", spec: sources(shop, shop)},
		{why: "a list goes before one", spec: "project: team\nsource: {repoURL: \"\"}\nsources: [" + shop + "]\n" + here},
		{why: "a source that lends its files only", spec: sources(shop, `{repoURL: https://git.example.com/shop.git, ref: values}`)},
		{why: "a source that does both", spec: sources(`{repoURL: https://git.example.com/shop.git, path: web, ref: values}`)},
		{why: "one of two without a repository", spec: sources(shop, `{path: web}`), want: "spec.sources[1].repoURL is empty", kind: fault.Invalid},
		{why: "one of two without a path", spec: sources(shop, `{repoURL: https://git.example.com/shop.git}`), want: "spec.sources[1] has neither path nor ref", kind: fault.Invalid},
		{why: "only a list has refs", spec: "project: team\nsource: {repoURL: https://git.example.com/shop.git, ref: values}\n" + here, want: "spec.source.path is empty", kind: fault.Invalid},
		{why: "a ref that could be a path", spec: sources(shop, `{repoURL: https://git.example.com/shop.git, ref: a/b}`), want: `spec.sources[1].ref: "a/b" may have letters`, kind: fault.Invalid},
		{why: "a ref twice", spec: sources(`{repoURL: https://git.example.com/shop.git, ref: a}`, shop, `{repoURL: https://git.example.com/shop.git, ref: a}`), want: `spec.sources[0] and spec.sources[2] have the same ref "a"`, kind: fault.Invalid},
		{
			why:  "value files of a chart",
			spec: sources(`{repoURL: https://git.example.com/shop.git, path: web, helm: {valueFiles: [a.yaml, $c/b.yaml]}}`, `{repoURL: https://charts.example.com, chart: web, ref: c}`),
			want: `spec.sources[0].helm: "$c/b.yaml" is in spec.sources[1], which is a chart`, kind: fault.Invalid,
		},
		{
			why:  "a file parameter of a chart",
			spec: sources(`{repoURL: https://git.example.com/shop.git, path: web, helm: {fileParameters: [{name: a, path: $c/b}]}}`, `{repoURL: https://charts.example.com, chart: web, ref: c}`),
			want: `spec.sources[0].helm: "$c/b" is in spec.sources[1]`, kind: fault.Invalid,
		},
		{why: "the project forbids one of the repositories, be it for its values", spec: sources(shop, `{repoURL: https://git.example.com/other.git, ref: values}`), want: "https://git.example.com/other.git"},
		{why: "a hydrator", spec: "project: team\nsourceHydrator: {}\n" + here, want: "sourceHydrator", kind: fault.Unsupported},
		{why: "no source", spec: "project: team\n" + here, want: "spec.source is missing", kind: fault.Invalid},
		{why: "no repository", spec: "project: team\nsource: {path: web}\n" + here, want: "repoURL is empty", kind: fault.Invalid},
		{why: "a chart", spec: "project: team\nsource: {repoURL: https://charts.example.com, chart: web}\n" + here, want: "spec.source.targetRevision is empty: name a version of chart web", kind: fault.Invalid},
		{why: "no path", spec: "project: team\nsource: {repoURL: https://git.example.com/shop.git}\n" + here, want: "spec.source.path is empty", kind: fault.Invalid},
		{why: "no destination", spec: "project: team\nsource: " + shop, want: "neither server nor name", kind: fault.Invalid},
		{why: "two destinations", spec: "project: team\nsource: " + shop + "\ndestination: {server: https://kubernetes.default.svc, name: in-cluster}", want: "both server and name", kind: fault.Invalid},
		{why: "another cluster", spec: "project: team\nsource: " + shop + "\ndestination: {server: https://other}", want: `server "https://other": only`, kind: fault.Unsupported},
		{why: "another cluster by name", spec: "project: team\nsource: " + shop + "\ndestination: {name: other}", want: `name "other": only`, kind: fault.Unsupported},
		{why: "no project", spec: "project: nobody\nsource: " + shop + "\n" + here, want: `project "nobody" does not exist in namespace argocd`, kind: fault.Invalid},
		{why: "the project forbids the repository", spec: "project: team\nsource: {repoURL: https://git.example.com/other.git, path: a}\n" + here, want: "https://git.example.com/other.git"},
		{why: "the project forbids the namespace", spec: "project: team\nsource: " + shop + "\ndestination: {server: https://kubernetes.default.svc, namespace: kube-system}", want: "kube-system"},
		{why: "the project forbids where the Application is", spec: plain, namespace: "elsewhere", want: "elsewhere"},
	} {
		t.Run(c.why, func(t *testing.T) {
			app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "argocd"}}
			if c.namespace != "" {
				app.Namespace = c.namespace
			}
			if err := yaml.UnmarshalStrict([]byte(c.spec), &app.Spec); err != nil {
				t.Fatal(err)
			}
			team := &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "team", Namespace: "argocd"}, Spec: v1alpha1.AppProjectSpec{
				SourceRepos:  []string{"https://git.example.com/shop.git"},
				Destinations: []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "prod"}},
			}}
			if app.Spec.Project != "team" {
				team = nil
			}
			got, err := admission.Admit(app, team, "argocd")
			if c.want == "" {
				if err != nil || len(got.Origin.Sources) == 0 || got.Origin.Sources[0].Path != "web" || got.Rules == nil {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if kind := fault.KindOf(err); c.kind != fault.Kind(0) && kind != c.kind {
				t.Errorf("kind %v, want %v", kind, c.kind)
			}
		})
	}
}
