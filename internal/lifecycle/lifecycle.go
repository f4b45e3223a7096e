// Package lifecycle decides what is next in the life of a published layer
// version: in which region one is to be published, shared, named by a
// parameter, retired or left, and why; what a state says after an apply that
// came only part of the way; and who may delete what. It knows neither
// Terraform nor AWS and does no I/O: its functions take plain structs and
// return them.
//
// Each fact has one owner. The numbers of the versions that a resource may
// delete stand in its state (Place.Owned) and nowhere else: which of them are
// older than the current one follows (Place.Older), and so does whether the
// current one was taken over (Place.TakenOver). When they were published, which
// other versions the layer has and what an apply did not come to is in the
// record that Terraform keeps beside the state.
package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Life is what a resource has, in all regions. Its JSON and that of a Place are kept
// beside the state, without what the state shows.
type Life struct {
	// Places are by region. One that is not there has nothing.
	Places map[string]*Place `json:"-"`
	// Holder names the resource among those that point at versions of the same
	// layer; "" where nothing has named it yet.
	Holder string `json:"holder,omitempty"`
	// SharingFound is set where an import found the sharing of the state, and
	// no apply has made it the resource's own: leaving the argument out revokes
	// nothing.
	SharingFound bool `json:"sharing_found,omitempty"`
	// SharingUnread is set where the state came from another provider, and nobody
	// has looked yet who may use the version.
	SharingUnread bool `json:"sharing_unread,omitempty"`
	// Seen is what the registers knew when the resource was read, or when its
	// destroy was planned, by the ARN of the layer.
	Seen map[string]Witness `json:"seen,omitempty"`
	// Ending is how the end of the resource was planned; zero where it was not.
	Ending Ending `json:"ending,omitzero"`
}

// Place is what a resource has in one region.
type Place struct {
	// Release is the version that the resource points at; zero for none.
	Release Release `json:"-"`
	// Owned are the versions that the resource may delete, by number: those
	// that it published, that an import gave it, and those that it took over
	// and whose publisher is gone.
	Owned []Version `json:"-"`
	// Others are the versions of the layer besides, as they were listed last;
	// Listed is set where that was done, which only a policy for the whole
	// layer needs.
	Others []Version `json:"others,omitempty"`
	Listed bool      `json:"listed,omitempty"`
	// Seen is the midnight before the last refresh, where a policy counts ages:
	// what a plan and its apply both take for now.
	Seen time.Time `json:"seen,omitzero"`
	// InUse are the owned versions that the policy did not keep when it was
	// carried out last, and that their users kept, with some of these by name;
	// Freed are those of them that no function used at the last refresh.
	InUse map[int64][]string `json:"in_use,omitempty"`
	Freed []int64            `json:"freed,omitempty"`
	// Parameter is the SSM parameter that the resource wrote; zero for none.
	Parameter Parameter `json:"parameter,omitzero"`
	Unfinished
	// Threatened is set where the version may be gone when an apply comes to the
	// resource: another one deletes it in the same run.
	Threatened bool `json:"threatened,omitempty"`
}

// Version knows a version of a layer by its number and by when it was published. A
// zero Created is not known, and fits any.
type Version struct {
	Number  int64     `json:"number"`
	Created time.Time `json:"created,omitzero"`
}

// is reports whether both are the same version.
func (v Version) is(other Version) bool {
	return v.Number == other.Number && (v.Created.IsZero() || other.Created.IsZero() || v.Created.Equal(other.Created))
}

// Release is a published version, as AWS describes it. The zero Release is
// none.
type Release struct {
	ARN         string
	Number      int64
	CreatedDate string // in the form of AWS
	// CodeSHA256 is "" where AWS does not have the version any more, or where
	// it is not the one that the arguments of the state describe.
	CodeSHA256 string
	CodeSize   int64
	// UnsignedSHA256 is the hash of the zip before it was signed. It and what
	// follows are "" for a version that is not signed.
	UnsignedSHA256, SigningJobARN, SigningProfileVersionARN string
}

// Parameter is an SSM parameter with the value that was written to it.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Unfinished is what an apply was to do and did not come to: the next one does
// it.
type Unfinished struct {
	// Share is set where older versions do not have the sharing of the state.
	Share bool `json:"share_due,omitempty"`
	// Retire is set where versions have not been retired since the last
	// publish, or since the policy changed.
	Retire bool `json:"retire_due,omitempty"`
}

// Bytes returns the hash of the zip that was given to be published, "" where
// the version must be published anew.
func (r Release) Bytes() string {
	if r.CodeSHA256 == "" {
		return ""
	}
	return cmp.Or(r.UnsignedSHA256, r.CodeSHA256)
}

// At returns what the resource has in a region, to be changed.
func (l *Life) At(region string) *Place {
	if l.Places == nil {
		l.Places = map[string]*Place{}
	}
	if l.Places[region] == nil {
		l.Places[region] = &Place{}
	}
	return l.Places[region]
}

// Own notes a version that the resource may delete from now on. A date that was
// not known is filled in.
func (p *Place) Own(number int64, created time.Time) {
	at := slices.IndexFunc(p.Owned, func(v Version) bool { return v.Number == number })
	switch {
	case at < 0:
		p.Owned = append(p.Owned, Version{number, created})
	case p.Owned[at].Created.IsZero():
		p.Owned[at].Created = created
	}
}

// Owns reports whether the resource may delete the version.
func (p *Place) Owns(number int64) bool {
	return slices.ContainsFunc(p.Owned, func(v Version) bool { return v.Number == number })
}

// Date fills in when an owned version was published.
func (p *Place) Date(number int64, created time.Time) {
	if p.Owns(number) {
		p.Own(number, created)
	}
}

// Forget drops versions that no longer exist.
func (p *Place) Forget(numbers ...int64) {
	gone := func(v Version) bool { return slices.Contains(numbers, v.Number) }
	p.Owned, p.Others = slices.DeleteFunc(p.Owned, gone), slices.DeleteFunc(p.Others, gone)
	among := func(n int64) bool { return slices.Contains(numbers, n) }
	p.Freed = slices.DeleteFunc(p.Freed, among)
	maps.DeleteFunc(p.InUse, func(n int64, _ []string) bool { return among(n) })
}

// Note takes the list of all versions of the layer, newest first.
func (p *Place) Note(versions []Version) {
	p.Others, p.Listed = nil, true
	for _, v := range slices.Backward(versions) {
		if p.Owns(v.Number) {
			p.Own(v.Number, v.Created)
		} else {
			p.Others = append(p.Others, v)
		}
	}
}

// Older returns the numbers of the owned versions beside the current one, in
// order. One that AWS does not have any more is not current.
func (p *Place) Older() []int64 {
	var numbers []int64
	for _, v := range p.Owned {
		if v.Number != p.Release.Number {
			numbers = append(numbers, v.Number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Numbers returns the numbers of the owned versions, in the order in which they
// came.
func (p *Place) Numbers() []int64 {
	var numbers []int64
	for _, v := range p.Owned {
		numbers = append(numbers, v.Number)
	}
	return numbers
}

// TakenOver reports whether the current version is one that the resource found
// and may not delete.
func (p *Place) TakenOver() bool { return p.Release.Number != 0 && !p.Owns(p.Release.Number) }

// Gone reports whether AWS does not have the current version any more.
func (p *Place) Gone() bool { return p.Release.ARN != "" && p.Release.CodeSHA256 == "" }

// Empty reports whether there is nothing to be kept of the place.
func (p *Place) Empty() bool {
	return p.Release == Release{} && len(p.Owned) == 0 && p.Parameter.Name == ""
}
