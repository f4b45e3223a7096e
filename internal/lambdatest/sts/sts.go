// Package sts is the stand-in of STS.
package sts

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// STS is the identities and sessions.
type STS struct {
	*wire.State
	sessions map[string]bool // whether a token is still good
}

// New returns the service on a state.
func New(state *wire.State) *STS { return &STS{State: state, sessions: map[string]bool{}} }

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// Route finds the operation of a call in the form that is its body, and what carries
// it out; nil for none.
func (a *STS) Route(c *wire.Request) wire.Handler {
	form, err := url.ParseQuery(string(c.Payload))
	if err != nil {
		return nil
	}
	c.Operation = form.Get("Action")
	switch c.Operation {
	case "GetCallerIdentity":
		return callerIdentity
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		return func(c *wire.Request) wire.Reply {
			return a.assumeRole(c.Operation, form.Get("RoleArn"), form.Get("RoleSessionName"))
		}
	}
	return nil
}

func callerIdentity(c *wire.Request) wire.Reply {
	return answer("GetCallerIdentity", fmt.Sprintf("<Arn>arn:%s:iam::%s:user/test</Arn><UserId>AIDATEST</UserId><Account>%[2]s</Account>",
		wire.PartitionOf(c.Region), c.Account()))
}

// assumeRole answers credentials whose key names the role, so that the log of
// calls tells who called: role "deploy" gets the key "ASIADEPLOY".
func (a *STS) assumeRole(operation, role, sessionName string) wire.Reply {
	_, name, _ := strings.Cut(role, "role/")
	token := fmt.Sprintf("assumed-token-%s-%d", name, a.Next())
	a.sessions[token] = true
	return answer(operation, fmt.Sprintf("<Credentials><AccessKeyId>ASIA%s</AccessKeyId><SecretAccessKey>assumed-secret-%s</SecretAccessKey>"+
		"<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>",
		strings.ToUpper(name), name, token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))+
		fmt.Sprintf("<AssumedRoleUser><Arn>arn:aws:sts::%s:assumed-role/%s/%s</Arn><AssumedRoleId>AROATEST:%[3]s</AssumedRoleId></AssumedRoleUser>",
			wire.Account, name, sessionName))
}

// answer answers the result of an operation, in XML.
func answer(operation, result string) wire.Reply {
	body := fmt.Sprintf(`<%[1]sResponse xmlns="%[2]s"><%[1]sResult>%[3]s</%[1]sResult></%[1]sResponse>`, operation, stsNamespace, result)
	return wire.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}}, Body: []byte(body)}
}

// ExpireSessions makes every session token that was given out so far expire at
// once, before the time that its holder was told.
func (a *STS) ExpireSessions() {
	a.Lock()
	defer a.Unlock()
	for token := range a.sessions {
		a.sessions[token] = false
	}
}

// Expired reports whether the call carries a session token that has expired.
func (a *STS) Expired(c *wire.Request) bool {
	live, known := a.sessions[c.Header.Get("X-Amz-Security-Token")]
	return known && !live
}
