package lifecycle

import (
	"maps"
	"slices"
)

// Reason says why a step is due. None means that it is not.
type Reason string

// The reasons.
const (
	None         Reason = ""
	FirstVersion Reason = "no version was published yet"
	NewBytes     Reason = "the zip has other bytes"
	NewLabels    Reason = "what describes the version has changed"
	VersionGone  Reason = "AWS does not have the version any more"
	NewVersion   Reason = "a version is published"
	Changed      Reason = "the argument has changed"
	Strayed      Reason = "AWS has something else"
	NotFinished  Reason = "an earlier apply did not come to it"
	NotKnown     Reason = "it is known only during the apply"
	Unused       Reason = "no function uses a version any more that only its users kept"
	Threatened   Reason = "another resource deletes the version in the same run"
)

// Labels are what AWS keeps beside the bytes of a version, and where. Their
// order carries no meaning.
type Labels struct {
	Layer, Region, Description, License string
	Runtimes, Architectures             []string
	// SignedBy names who signs the zip; "" for nobody.
	SignedBy string
}

// Equal reports whether both describe the same version.
func (l Labels) Equal(other Labels) bool {
	return l.Layer == other.Layer && l.Region == other.Region && l.Description == other.Description && l.License == other.License &&
		l.SignedBy == other.SignedBy && sameSet(l.Runtimes, other.Runtimes) && sameSet(l.Architectures, other.Architectures)
}

func sameSet(a, b []string) bool {
	sorted := func(of []string) []string { return slices.Compact(slices.Sorted(slices.Values(of))) }
	return slices.Equal(sorted(a), sorted(b))
}

// Arguments are the arguments that decide what is due.
type Arguments struct {
	Labels Labels
	// Bytes is the hash of the zip in base64.
	Bytes string
	// Known is set where Labels and Bytes are final. At plan they may not be.
	Known bool
	// Regions are the further regions, without the resource's own.
	Regions []string
	// Sharing is who may use the versions, in a form that is the same for the
	// same people; "" where the argument is left out. SharingKnown is set where
	// that is final.
	Sharing      string
	SharingKnown bool
	// Parameter is the name of the SSM parameter, "" for none; ParameterArguments
	// are its other arguments.
	Parameter          string
	ParameterArguments string
	// Retention is nil where there is no policy. RetentionKnown is set where it
	// is final.
	Retention      *Policy
	RetentionKnown bool
}

// Due is what is due in a region, and why.
type Due struct {
	Region string
	// Publish is due where a version is to be published, or taken over.
	Publish Reason
	// Share is due where a policy is to be written; ShareOlder where the older
	// versions need it as well as the current one.
	Share      Reason
	ShareOlder bool
	// Parameter is due where the ARN is to be written to the parameter,
	// DropParameter where the resource has written one that it has no more use
	// for.
	Parameter     Reason
	DropParameter bool
	// Retire is due where the policy is to be carried out.
	Retire Reason
	// Leave is set for a region that is not named any more: all that the
	// resource has there is to go, or to be left.
	Leave bool
}

// Plan returns what is due in each region: the resource's own first, further
// ones in order, then those that are to be left. before are the arguments of the
// state, nil at a create. It is the same function for a plan and its apply.
func Plan(before *Arguments, life *Life, want Arguments) []Due {
	change := change{before: before, want: want, life: life}
	home := want.Labels.Region
	dues := []Due{change.at(home)}
	regions := slices.Sorted(slices.Values(want.Regions))
	for _, region := range regions {
		dues = append(dues, change.at(region))
	}
	for _, region := range slices.Sorted(maps.Keys(life.Places)) {
		if region != home && !slices.Contains(regions, region) && !life.Places[region].Empty() {
			dues = append(dues, Due{Region: region, Leave: true})
		}
	}
	return dues
}

// change is what a Plan is about.
type change struct {
	before *Arguments // nil at a create
	want   Arguments
	life   *Life
}

func (c change) at(region string) Due {
	place := c.life.Places[region]
	if place == nil {
		place = &Place{}
	}
	d := Due{Region: region, Publish: c.publish(place)}
	d.Share, d.ShareOlder = c.share(place, d.Publish)
	d.Parameter = c.parameter(place, d.Publish)
	d.DropParameter = place.Parameter.Name != "" && place.Parameter.Name != c.want.Parameter
	d.Retire = c.retire(place, d.Publish)
	return d
}

func (c change) publish(p *Place) Reason {
	switch {
	case p.Release.ARN == "":
		return FirstVersion
	case p.Gone():
		return VersionGone
	case !c.want.Known:
		return NotKnown
	case c.before == nil || !c.want.Labels.Equal(c.before.Labels):
		return NewLabels
	case p.Release.Bytes() != c.want.Bytes:
		return NewBytes
	case p.Threatened:
		return Threatened
	}
	return None
}

func (c change) share(p *Place, publish Reason) (why Reason, older bool) {
	left := c.life.SharingFound && c.want.Sharing == "" && c.want.SharingKnown
	was := ""
	if c.before != nil {
		was = c.before.Sharing
	}
	switch {
	case p.Unfinished.Share:
		return NotFinished, true
	case !c.want.SharingKnown:
		return NotKnown, true
	case !left && was != c.want.Sharing:
		return Changed, true
	case publish != None && c.want.Sharing != "":
		return NewVersion, false
	}
	return None, false
}

func (c change) parameter(p *Place, publish Reason) Reason {
	switch {
	case c.want.Parameter == "":
		return None
	case publish != None:
		return NewVersion
	case c.before == nil || c.before.Parameter != c.want.Parameter || c.before.ParameterArguments != c.want.ParameterArguments:
		return Changed
	case p.Parameter != Parameter{c.want.Parameter, p.Release.ARN}:
		return Strayed
	}
	return None
}

func (c change) retire(p *Place, publish Reason) Reason {
	switch {
	case c.want.Retention == nil && c.want.RetentionKnown:
		return None
	case publish != None:
		return NewVersion
	case p.Unfinished.Retire:
		return NotFinished
	case c.before == nil || !c.want.RetentionKnown || c.before.Retention == nil || *c.before.Retention != *c.want.Retention:
		return Changed
	case len(p.Unused(*c.want.Retention)) > 0:
		return Unused
	}
	return None
}
