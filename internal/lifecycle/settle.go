package lifecycle

// Step is a part of what is done in a region, in this order.
type Step int

// The steps. A version's ARN is handed on after the version is shared.
const (
	Publishing Step = iota + 1
	Sharing
	Naming // by the SSM parameter
	Retiring
)

// Outcome is how far an apply came in a region.
type Outcome struct {
	Due Due
	// Failed is the step that did not succeed, 0 for none.
	Failed Step
	// Cleared is set where all that was to go from a region to be left is gone.
	Cleared bool
}

// Settled says which arguments a state has after an apply.
type Settled struct {
	// Before is set where nothing was published in the resource's own region:
	// the arguments of the state before stay.
	Before bool
	// ParameterOpen is set where the parameter did not get through everywhere:
	// the state is not to say that it did.
	ParameterOpen bool
	// RetentionOpen is set where the policy was not carried out in the
	// resource's own region: the state keeps the policy before.
	RetentionOpen bool
}

// Settle returns what the state says after an apply, and notes in life what the
// next apply has to do. outcomes begin with the resource's own region; creating
// is set where there was no state before.
func Settle(life *Life, want Arguments, outcomes []Outcome, creating bool) Settled {
	home := outcomes[0]
	undone := home.Failed == Publishing
	s := Settled{
		Before:        undone && !creating,
		RetentionOpen: home.Failed > 0 && home.Failed < Retiring && !creating,
	}
	published := false
	for i, o := range outcomes {
		if o.Cleared {
			delete(life.Places, o.Due.Region)
			continue
		}
		published = published || o.Due.Publish != None
		place := life.At(o.Due.Region)
		// What a further region has is not what those arguments describe: the next plan
		// publishes there.
		if i > 0 && o.Due.Publish != None && undone != (o.Failed == Publishing) {
			place.Release.CodeSHA256 = ""
		}
		s.ParameterOpen = s.ParameterOpen || o.Failed == Naming
		if !o.Due.Leave {
			place.Unfinished = unfinished(place.Unfinished, o)
		}
	}
	left := want.Sharing == "" && !published
	life.SharingFound = life.SharingFound && (undone || left)
	return s
}

// unfinished returns what a region still needs after an outcome.
func unfinished(was Unfinished, o Outcome) Unfinished {
	switch o.Failed {
	case 0, Retiring: // what could not be retired is looked at again after the next publish
		return Unfinished{}
	case Publishing:
		return Unfinished{Share: was.Share || o.Due.ShareOlder, Retire: was.Retire}
	}
	return Unfinished{Share: o.Failed == Sharing, Retire: was.Retire || o.Due.Retire != None}
}
