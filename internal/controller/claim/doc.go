// Package claim holds what all Applications desire, object by object, and judges
// live bodies by it.
//
// A Claim is one object as one Application desires it, as JSON bytes. The Set of
// all claims is where desired and live meet: the watchers of package cluster show
// each body to the Judge once, as it passes by, and keep only the verdict. An
// object that several Applications claim is judged by the claim of the one whose
// tracking id it carries.
package claim
