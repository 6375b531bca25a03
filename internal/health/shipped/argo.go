package shipped

import (
	"evenkeel.dev/internal/health/field"
	"evenkeel.dev/internal/health/rollout"
)

// argo are the kinds of the Argo projects, but for Rollouts and the promoter.
var argo = groups{
	"argoproj.io": {
		"ApplicationSet": {
			conditions(when("ErrorOccurred=True", degraded)),
			conditions(when("ResourcesUpToDate=False", degraded)),
			conditions(when("RolloutProgressing=True", progressing)),
			conditions(when("ResourcesUpToDate=True", healthy)),
			waiting("its status"),
		},
		"CronWorkflow": {
			conditions(
				when("SpecError=True", degraded),
				when("SubmissionError=True", degraded),
				when("Completed=True", healthy),
			),
			finally(healthy, "It is scheduled"),
		},
		"EventBus": truth("Deployed", "the bus to be deployed"),
		"Rollout":  {rolloutOfArgo},
		"AnalysisRun": {
			value("status.phase", is{
				"Pending": progressing, "Running": progressing, "Successful": healthy,
				"Failed": degraded, "Error": degraded, "Inconclusive": unknown,
			}),
			waiting("the analysis to begin"),
		},
		"Experiment": {
			value("status.phase", is{
				"Pending": progressing, "Running": progressing, "Successful": healthy,
				"Failed": degraded, "Error": degraded,
			}),
			waiting("the experiment to begin"),
		},
	},
}

func rolloutOfArgo(o field.Object) verdict {
	status, message := rollout.Judge(o)
	return verdict{status, message}
}
