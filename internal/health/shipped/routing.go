package shipped

import (
	"strings"

	"evenkeel.dev/internal/health/field"
)

// routing are the kinds that bring traffic to services.
var routing = groups{
	"gateway.networking.k8s.io": {
		"BackendTLSPolicy": {policyOf(false), waiting("its status")},
		"GRPCRoute":        {routeOf(false), waiting("its status")},
		"Gateway":          {gateway, waiting("its status")},
		"GatewayClass":     {gatewayClass, waiting("the class to be accepted")},
		"HTTPRoute":        {routeOf(true), waiting("its status")},
	},
	"microgateway.airlock.com": {anyKind: {noPolicy, policyOf(true), waiting("its status")}},
	"projectcontour.io": {
		"ExtensionService": {contour, waiting("its status")},
		"HTTPProxy":        {contour, waiting("its status")},
	},
}

var notResolved, notAccepted, programmed, accepted = parse("ResolvedRefs=False"), parse("Accepted=False"), parse("Programmed!=True"), parse("Accepted")

// attached is what the conditions of a gateway, of a listener or of a parent of a
// route say that is not good.
func attached(o field.Object) verdict {
	for _, p := range [...]*pattern{&notResolved, &notAccepted} {
		if c := find(o, p); c != nil {
			return verdict{degraded, field.Words(c)}
		}
	}
	if c := find(o, &programmed); c != nil {
		return verdict{progressing, field.Words(c)}
	}
	return verdict{}
}

func gateway(o field.Object) verdict {
	status := o.Object("status")
	if v := attached(status); v.status != "" {
		return v
	}
	for listener := range status.Each("listeners") {
		if v := attached(listener); v.status != "" {
			return verdict{v.status, "Listener " + listener.Text("name") + ": " + v.message}
		}
	}
	if status.Has("conditions") || len(status.List("listeners")) > 0 {
		return verdict{healthy, "The gateway is programmed"}
	}
	return verdict{}
}

// gatewayClass skips what was said of an older generation.
func gatewayClass(o field.Object) verdict {
	for c := range o.Object("status").Each("conditions") {
		if !accepted.matches(c) || stale(o, c) {
			continue
		}
		switch c.Text("status") {
		case "True":
			return verdict{healthy, field.Words(c)}
		case "False":
			return verdict{degraded, field.Words(c)}
		}
		return verdict{progressing, field.Words(c)}
	}
	return verdict{}
}

// routeOf wants a route to be well with each parent that has said something. With
// fresh, a parent that speaks of an older generation has said nothing.
func routeOf(fresh bool) step {
	return func(o field.Object) verdict {
		spoken := false
		for parent := range o.Object("status").Each("parents") {
			if len(parent.List("conditions")) == 0 || fresh && anyCondition(o, parent, stale) {
				continue
			}
			if v := attached(parent); v.status != "" {
				return verdict{v.status, "Parent " + parent.Object("parentRef").Text("name") + ": " + v.message}
			}
			spoken = true
		}
		if !spoken {
			return verdict{}
		}
		return verdict{healthy, "All parents accept the route"}
	}
}

func anyCondition(o, holder field.Object, is func(o, condition field.Object) bool) bool {
	for c := range holder.Each("conditions") {
		if is(o, c) {
			return true
		}
	}
	return false
}

func notCurrent(o, condition field.Object) bool {
	return o.Object("metadata").Has("generation") && !current(o, condition, "observedGeneration")
}

// policyOf judges a policy by its ancestors, the objects that it applies to. One of them
// that is behind keeps it progressing. With strict, each has to tell its generation
// and to accept the policy.
func policyOf(strict bool) step {
	old := stale
	if strict {
		old = notCurrent
	}
	return func(o field.Object) verdict {
		status := o.Object("status")
		for ancestor := range status.Each("ancestors") {
			if anyCondition(o, ancestor, old) {
				return say(progressing, "Waiting for ancestor %s to observe the change", ancestor.Object("ancestorRef").Text("name"))
			}
		}
		var out verdict
		for ancestor := range status.Each("ancestors") {
			name := ancestor.Object("ancestorRef").Text("name")
			known := false
			for c := range ancestor.Each("conditions") {
				kind := c.Text("type")
				if kind != "Accepted" && kind != "ResolvedRefs" {
					continue
				}
				if c.Text("status") != "True" {
					return say(degraded, "Ancestor %s: %s", name, field.Words(c))
				}
				if kind == "Accepted" {
					known, out = true, verdict{healthy, "All ancestors accept the policy"}
				}
			}
			if strict && !known {
				out = say(degraded, "Ancestor %s has not accepted the policy", name)
			}
		}
		return out
	}
}

// noPolicy: of the kinds of this group only the policies have a status.
func noPolicy(o field.Object) verdict {
	if kind, _ := o["kind"].(string); !strings.HasSuffix(kind, "Policy") {
		return verdict{healthy, "It has no status"}
	}
	return verdict{}
}

// contour believes only what was said of this generation. A proxy that includes others
// and they each wait for the other to be valid, so it passes.
func contour(o field.Object) verdict {
	status := o.Object("status")
	for c := range status.Each("conditions") {
		if !current(o, c, "observedGeneration") {
			continue
		}
		valid := c.Text("type") == "Valid"
		said := field.Words(c)
		if text := status.Text("description"); text != "" {
			said = text
		}
		switch {
		case valid && c.Text("status") == "True":
			return verdict{healthy, said}
		case c.Text("status") != "False":
		case o.Object("spec").Has("includes"):
			return verdict{healthy, "It includes others, which may have yet to come"}
		case valid:
			return verdict{degraded, said}
		}
	}
	return verdict{}
}
