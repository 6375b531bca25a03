package helm

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// validate checks the values against the schemas of the chart and its subcharts.
// Helm's own check would fetch what a schema refers to, from the network and
// from the host's files; here such references accept anything, with a warning.
func (r *renderer) validate(values any) error {
	if v, ok := values.(common.Values); ok {
		values = map[string]any(v)
	}
	m, ok := values.(map[string]any)
	if !ok {
		return fault.New(fault.Broken, "chart %s: values are not a mapping", r.chart.Name())
	}
	return r.validateChart(r.chart, m)
}

func (r *renderer) validateChart(c *chart.Chart, values map[string]any) error {
	if len(c.Schema) > 0 {
		if err := r.validateSchema(c, values); err != nil {
			return err
		}
	}
	for _, sub := range c.Dependencies() {
		raw, has := values[sub.Name()]
		if !has || raw == nil {
			continue
		}
		if v, ok := raw.(common.Values); ok {
			raw = map[string]any(v)
		}
		m, ok := raw.(map[string]any)
		if !ok {
			return fault.New(fault.Broken, "chart %s: the values of subchart %s are not a mapping", c.Name(), sub.Name())
		}
		if err := r.validateChart(sub, m); err != nil {
			return err
		}
	}
	return nil
}

func (r *renderer) validateSchema(c *chart.Chart, values map[string]any) error {
	const location = "file:///values.schema.json"
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		return fault.Wrap(fault.Broken, err, "chart %s: values.schema.json", c.Name())
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(offline{renderer: r, chart: c.Name()})
	if err := compiler.AddResource(location, schema); err != nil {
		return fault.Wrap(fault.Broken, err, "chart %s: values.schema.json", c.Name())
	}
	compiled, err := compiler.Compile(location)
	if err != nil {
		return fault.Wrap(fault.Broken, err, "chart %s: values.schema.json", c.Name())
	}
	err = compiled.Validate(values)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return fault.Wrap(fault.Broken, err, "chart %s: values.schema.json", c.Name())
	}
	found := violations(invalid, nil)
	slices.Sort(found) // the validator goes through maps
	return fault.New(fault.Broken, "chart %s: values do not match values.schema.json: %s", c.Name(), strings.Join(found, "; "))
}

// violations lists where and why, without the values themselves.
func violations(e *jsonschema.ValidationError, list []string) []string {
	for _, cause := range e.Causes {
		list = violations(cause, list)
	}
	if len(e.Causes) > 0 {
		return list
	}
	at := "/" + strings.Join(e.InstanceLocation, "/")
	switch k := e.ErrorKind.(type) {
	case *kind.Pattern:
		return append(list, fmt.Sprintf("%s does not match the pattern %q", at, k.Want))
	case *kind.Format:
		return append(list, fmt.Sprintf("%s is not a valid %s", at, k.Want))
	default:
		return append(list, at+": "+k.LocalizedString(message.NewPrinter(language.English)))
	}
}

// offline stands for every document that a schema refers to.
type offline struct {
	renderer *renderer
	chart    string
}

// Load accepts anything in place of what is at url.
func (o offline) Load(url string) (any, error) {
	o.renderer.out.Warnings = append(o.renderer.out.Warnings,
		fmt.Sprintf("chart %s: values.schema.json refers to %s, which is not fetched: that part was not checked", o.chart, tree.RedactURL(url)))
	return true, nil
}
