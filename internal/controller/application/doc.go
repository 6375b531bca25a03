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
package application
