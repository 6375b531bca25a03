// Package window says whether the sync windows of an AppProject allow a sync, why,
// and when the answer may change.
//
// The rules are Argo CD's (argo-cd.md §1.4 "Sync windows"): a window concerns an
// Application by the names, namespaces and clusters that it lists; an active deny
// window blocks; else an open allow window allows; else an allow window that is
// shut blocks; else nothing does. A manual sync passes if every window that blocks
// says manualSync. A sync that began when it was allowed goes on if every window
// that blocks says syncOverrun.
//
// A window is a span on the clock on the wall of its time zone, as in Argo CD: one
// of 02:00 for an hour does not come in the night when that hour is left out, and
// comes twice in the one that has it twice.
//
// A window that cannot be read (its kind, schedule or duration, or a pattern that
// alone decides whom it concerns) counts as what blocks: an allow window as shut,
// any other as active. So does Argo CD, and blocking is the error that can be made
// good; but here the reason says which field of which window it is, manualSync of
// that window still holds, another allow window that is open still allows, and
// Problems names it before anybody syncs. Evenkeel differs from Argo CD in six more
// places, each of them silent there:
//
//   - a kind that is neither allow nor deny blocks instead of being ignored;
//   - a schedule without a date, such as 30 February, never begins instead of never
//     ending, and 29 February is found in 2096 as well;
//   - a pattern that cannot be read may mean anybody instead of nobody;
//   - a time zone that is not known is UTC, as in Argo CD, but Problems and the
//     reason say so; one that the schedule itself names (CRON_TZ=) must not differ
//     from timeZone; and "Local" is not known, as it is the machine's;
//   - what was allowed when a sync began is looked up with the clock of that time,
//     not with today's daylight saving time;
//   - a window begins with its first instant, not one later, as the start of an
//     operation is kept in whole seconds.
//
// The package is pure but for one thing: the rules of a time zone are looked up in
// the system's database, or in the program's where the system has none. All
// functions may be called from any goroutine.
package window
