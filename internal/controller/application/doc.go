// Package application is the loop that keeps one Application equal to its source:
// admit, resolve, render, verify, compare, operate, report, in that order, one file each.
//
// A pass never waits. What it waits for (a listing of refs, the health of a wave,
// a retry's time) is noted in the Application's status or in its state here, and
// an event or a timer makes the next pass. Passes of one Application never run at
// once; passes of different ones do.
//
// What an Application desires is held as JSON bytes per object (claims); what is
// live as records in the cluster index. They meet in the judge, which compares a
// body once, as it passes by.
//
// # What is remembered of failures
//
// Nothing longer than its cause. A hard refresh ends all but the tokens' row at once.
//
//	what failed                         how long it stands                  what ends it sooner
//	listing a repository                2 s, doubling up to the interval    a push, a refresh
//	finding or fetching what a target   the same if it may pass (away, no   a push, a refresh, another
//	names (commit, chart, artifact)     answer), else until the next        target
//	                                    listing
//	rendering, may pass                 0.1 s, doubling up to 1.6 s         any event
//	the same, if it asked elsewhere     0.1 s, doubling up to 25.6 s        any event
//	rendering, will not pass            an hour                             another commit, spec, project, settings,
//	                                                                        kinds or version of the cluster
//	the same, if something is missing   the interval of repositories        the same, and another state of what is
//	or denied, or lies beyond the                                           followed beyond the sources
//	sources
//	a token of an App or a cloud        10 s                                nothing: see source/credential
//
// Packages render/cache, source/helmrepo and source/oci remember successes only. While a
// failure that may pass lasts, the last good rendering stays in force, and the condition
// says of when it is, by a time that does not change. After a restart as well: what a
// commit, a chart's version or an artifact's digest named is on disk for whoever has the
// credentials that it was read with (source/proof).
package application
