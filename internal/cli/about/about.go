package about

import "evenkeel.dev/internal/cli/output"

// Build says what was built from which commit.
type Build struct {
	Version      string `json:"version"`
	GitCommit    string `json:"gitCommit"`
	GitTreeState string `json:"gitTreeState"`
	BuildDate    string `json:"buildDate"`
	GoVersion    string `json:"goVersion"`
	Compiler     string `json:"compiler"`
	Platform     string `json:"platform"`
}

// Print prints a build as wide, short, json or yaml; brief leaves all but the version out.
func Print(p *output.Printer, b Build, format string, brief bool) error {
	told := map[string]any{"client": b}
	if brief {
		told["client"] = map[string]string{"evenkeel": b.Version}
	}
	switch format {
	case "json":
		return p.JSON(told)
	case "yaml":
		return p.YAML(told)
	}
	p.Line("evenkeel: %s", b.Version)
	if brief || format == "short" {
		return nil
	}
	for _, f := range [...]struct{ label, value string }{
		{"BuildDate", b.BuildDate},
		{"GitCommit", b.GitCommit},
		{"GitTreeState", b.GitTreeState},
		{"GoVersion", b.GoVersion},
		{"Compiler", b.Compiler},
		{"Platform", b.Platform},
	} {
		if f.value != "" {
			p.Line("  %s: %s", f.label, f.value)
		}
	}
	return nil
}
