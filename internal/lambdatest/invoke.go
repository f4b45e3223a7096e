package lambdatest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// Invocation is what a function is invoked with.
type Invocation struct {
	Region, Function string
	// Qualifier is the version or alias of the call, "" for none.
	Qualifier string
	// Layers are the ARNs of the function's layer versions.
	Layers  []string
	Payload []byte
}

// Answer is what a function answers.
type Answer struct {
	// Payload is JSON; nil is null.
	Payload []byte
	// Fault is Lambda's FunctionError, "" for none.
	Fault string
	// Took is what the log reports as its duration; 0 leaves the report out.
	Took time.Duration
}

// updates says how functions behave.
type updates struct {
	looks  int
	fates  map[string]string
	answer func(Invocation) Answer
}

// SlowUpdates makes the next n looks at a function that was changed find the
// change under way.
func (a *AWS) SlowUpdates(n int) {
	a.Lock()
	defer a.Unlock()
	a.updates.looks = n
}

// FailUpdates makes every later change of a function end in Failed with the
// reason; "" lets them end well again.
func (a *AWS) FailUpdates(function, reason string) {
	a.Lock()
	defer a.Unlock()
	fates := map[string]string{function: reason}
	for name, fate := range a.updates.fates {
		if name != function {
			fates[name] = fate
		}
	}
	a.updates.fates = fates
}

// AnswerInvocations sets what invoked functions answer. Without it they answer
// null.
func (a *AWS) AnswerInvocations(answer func(Invocation) Answer) {
	a.Lock()
	defer a.Unlock()
	a.updates.answer = answer
}

// TagFunction sets the tags of a function without a call, and reports whether
// it is there.
func (a *AWS) TagFunction(regionName, name string, tags map[string]string) bool {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f != nil {
		f.config.tags = maps.Clone(tags)
	}
	return f != nil
}

// LayersOf returns the ARNs of the layer versions of a function, nil for no
// function.
func (a *AWS) LayersOf(regionName, name string) []string {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f == nil {
		return nil
	}
	return f.config.layerARNs()
}

func (f functionConfig) layerARNs() []string {
	arns := []string{}
	for _, v := range f.layers {
		arns = append(arns, v.arn())
	}
	return arns
}

func invoke(a *AWS, c *call) reply {
	config, refusal := a.function(c)
	if refusal != nil {
		return *refusal
	}
	if config.looks > 0 {
		return c.conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending")
	}
	var answer Answer
	if a.updates.answer != nil {
		answer = a.updates.answer(Invocation{
			Region: c.Region, Function: config.name, Qualifier: cmp.Or(c.URL.Query().Get("Qualifier"), qualifierOf(c.Part[0])), Layers: config.layerARNs(), Payload: c.Payload,
		})
	}
	header := http.Header{"X-Amz-Executed-Version": {config.version}, "Content-Type": {"application/json"}}
	if answer.Fault != "" {
		header.Set("X-Amz-Function-Error", answer.Fault)
	}
	if strings.EqualFold(c.Header.Get("X-Amz-Log-Type"), "Tail") {
		log := "START RequestId: 0 Version: " + config.version + "\n"
		if answer.Took > 0 {
			log += fmt.Sprintf("REPORT RequestId: 0\tDuration: %.2f ms\tBilled Duration: %d ms\t\n",
				float64(answer.Took)/float64(time.Millisecond), answer.Took.Milliseconds()+1)
		}
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(log)))
	}
	payload := answer.Payload
	if payload == nil {
		payload = []byte("null")
	}
	return reply{Status: http.StatusOK, Header: header, Body: payload}
}

func listTags(a *AWS, c *call) reply {
	arn, err := url.PathUnescape(c.Part[0])
	if err != nil {
		return c.Invalid(c.Part[0], "resource", "Member must be an ARN")
	}
	f := a.own(c).functions[functionName(arn)]
	if f == nil {
		return c.noFunction()
	}
	return wire.OK(map[string]any{"Tags": f.config.tags})
}

// SetRuntime gives a function another runtime without a call, and reports
// whether it is there.
func (a *AWS) SetRuntime(regionName, name, runtime string) bool {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f != nil {
		f.config.runtime = runtime
	}
	return f != nil
}
