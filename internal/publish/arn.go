package publish

import (
	"fmt"
	"strconv"
	"strings"
)

// LayerVersionARN is a layer version's ARN in its parts:
// arn:aws:lambda:eu-west-1:123456789012:layer:name:7. Without a version, in the
// ARN of a layer, Number is 0.
type LayerVersionARN struct {
	Partition, Region, AccountID, Name string
	Number                             int64
}

// ParseARN reads the ARN of a layer version. Its errors name the part that is
// wrong and what belongs there.
func ParseARN(s string) (LayerVersionARN, error) { return parseARN(s, true) }

// ParseLayerARN reads the ARN of a layer, or of one of its versions.
func ParseLayerARN(s string) (LayerVersionARN, error) { return parseARN(s, false) }

func parseARN(s string, versioned bool) (LayerVersionARN, error) {
	fault := func(format string, args ...any) (LayerVersionARN, error) {
		return LayerVersionARN{}, fmt.Errorf("reading layer version ARN %q: %s", s, fmt.Sprintf(format, args...))
	}
	const example = "arn:aws:lambda:eu-west-1:123456789012:layer:name:7"
	part := strings.Split(s, ":")
	switch {
	case part[0] != "arn":
		return fault("it does not begin with %q; write the whole ARN, such as %q", "arn:", example)
	case len(part) < 6:
		return fault("it is too short; write it as %q", example)
	case part[2] != "lambda":
		return fault("it names the service %q, want %q", part[2], "lambda")
	case part[5] == "function":
		return fault("it names a function, want a layer version such as %q", example)
	case part[5] != "layer":
		return fault("it names a %q, want a %q", part[5], "layer")
	case len(part) == 7 && part[6] != "" && versioned:
		return fault("it names a layer without a version; append the number, as in %q", s+":1")
	case len(part) != 8 && len(part) != 7 || len(part) == 7 && versioned:
		return fault("it has %d parts, want 8, as in %q", len(part), example)
	}
	a := LayerVersionARN{Partition: part[1], Region: part[3], AccountID: part[4], Name: part[6]}
	if a.Partition == "" {
		return fault("its partition is empty, want one such as %q", "aws")
	}
	if a.Region == "" {
		return fault("its region is empty, want one such as %q", "eu-west-1")
	}
	if len(a.AccountID) != 12 || strings.Trim(a.AccountID, "0123456789") != "" {
		return fault("its account %q is not 12 digits", a.AccountID)
	}
	if err := CheckName(a.Name); err != nil {
		return fault("%v", err)
	}
	if len(part) == 7 {
		return a, nil
	}
	number, err := strconv.ParseInt(part[7], 10, 64)
	if err != nil || number < 1 || strconv.FormatInt(number, 10) != part[7] {
		return fault("its version %q is not a whole number from 1", part[7])
	}
	a.Number = number
	return a, nil
}

// String returns the ARN as AWS writes it.
func (a LayerVersionARN) String() string {
	if a.Number == 0 {
		return a.LayerARN()
	}
	return a.LayerARN() + ":" + strconv.FormatInt(a.Number, 10)
}

// LayerARN returns the ARN of the layer, without a version.
func (a LayerVersionARN) LayerARN() string {
	return strings.Join([]string{"arn", a.Partition, "lambda", a.Region, a.AccountID, "layer", a.Name}, ":")
}
