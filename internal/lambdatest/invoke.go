package lambdatest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
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
	a.updates.fates[function] = reason
}

// AnswerInvocations sets what invoked functions answer. Without it they answer
// null.
func (a *AWS) AnswerInvocations(answer func(Invocation) Answer) {
	a.Lock()
	defer a.Unlock()
	a.updates.answer = answer
}

func (a *AWS) invoke(c *call) reply {
	config := a.version(c)
	if config.looks > 0 {
		return conflict(c, "The operation cannot be performed at this time. The function is currently in the following state: Pending")
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
	if answer.Payload == nil {
		answer.Payload = []byte("null")
	}
	return reply{Status: http.StatusOK, Header: header, Body: answer.Payload}
}

func (a *AWS) listTags(c *call) reply {
	return wire.OK(map[string]any{"Tags": a.function(c).config.tags})
}
