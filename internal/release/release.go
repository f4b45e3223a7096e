// Package release says which releases of packages count.
package release

import "time"

// CutOff is the moment after which releases do not exist; the zero value is none.
type CutOff struct {
	At time.Time
	// Explicit is set when the user named the moment. Otherwise it follows from a
	// minimum release age, and exact versions are exempt from it.
	Explicit bool
}

// OfAge returns the cut-off that keeps out releases younger than age: the last
// midnight UTC that is at least age before now, so that all runs of one day agree.
func OfAge(now time.Time, age time.Duration) CutOff {
	if age <= 0 {
		return CutOff{}
	}
	return CutOff{At: now.UTC().Add(-age).Truncate(24 * time.Hour)}
}
