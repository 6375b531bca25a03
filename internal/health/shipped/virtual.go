package shipped

import "evenkeel.dev/internal/health/field"

// virtual are virtual machines and their disks.
var virtual = groups{
	"cdi.kubevirt.io": {"DataVolume": {
		value("status.phase", is{"Succeeded": healthy, "Failed": degraded, "Unknown": degraded, "Paused": suspended}),
		conditions(when("Running=False:Error", degraded)),
		value("status.phase", is{other: progressing}),
		waiting("its status"),
	}},
	"kubevirt.io": {
		"VirtualMachine": {
			conditions(when("Paused=True", suspended)),
			conditions(when("Ready=True", healthy)),
			stopped,
			waiting("its status"),
		},
		"VirtualMachineInstance": {
			value("status.phase", is{
				"Failed": degraded, "Pending": progressing, "Scheduling": progressing, "Scheduled": progressing,
				"Succeeded": suspended, "Unknown": unknown,
			}),
			conditions(when("Paused=True", suspended)),
			conditions(when("Ready=True", healthy), when("Ready", degraded)),
			waiting("its status"),
		},
	},
}

var anyReady = parse("Ready")

// stopped tells a machine that is not to run from one that does not run yet: an
// instance was made for the latter.
func stopped(o field.Object) verdict {
	status := o.Object("status")
	if find(status, &anyReady) == nil {
		return verdict{}
	}
	said := status.Text("printableStatus")
	if status.Flag("created") {
		return say(progressing, "The machine is starting: %s", said)
	}
	return say(suspended, "The machine does not run: %s", said)
}
