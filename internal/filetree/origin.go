package filetree

import "fmt"

// Origin is the input that brings a file: a distribution or package of an
// ecosystem, or an element of a list in the configuration. Two origins are one
// input if they are equal.
type Origin struct {
	// Ecosystem is the argument: "python", "nodejs", "files", "downloads",
	// "images" or "builds". "" is no origin.
	Ecosystem string
	// Name and Version are of the distribution or package. Those of an element
	// have no version; Name is then the file that it comes from, or "".
	Name, Version string
	// Element is the index of an element in the configuration; distributions
	// and packages have none.
	Element int
	// Target is the architecture that an element is for, "" for all.
	Target string
}

// String names the origin in messages: "python:requests 2.31.0", "files[0]",
// "downloads[1] for arm64 (ffmpeg.tar.xz)".
func (o Origin) String() string {
	switch {
	case o.Ecosystem == "":
		return o.Name
	case o.Version != "":
		return o.Ecosystem + ":" + o.Distribution()
	}
	text := fmt.Sprintf("%s[%d]", o.Ecosystem, o.Element)
	if o.Target != "" {
		text += " for " + o.Target
	}
	if o.Name != "" {
		text += " (" + o.Name + ")"
	}
	return text
}

// Distribution is the name and version: "requests 2.31.0".
func (o Origin) Distribution() string { return o.Name + " " + o.Version }
