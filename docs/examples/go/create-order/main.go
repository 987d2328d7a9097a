// Creates a QRIS order of Rp 25.000 and says where to send the payer.
//
//	GATEWAY_URL=http://127.0.0.1:8080 API_KEY=gk_… go run ./create-order INV-0001
//
// The reference makes it safe to repeat: the same request again is the same order, never a second one.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

const tries = 6

type order struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	CheckoutURL string `json:"checkout_url"`
	Payments    []struct {
		ID string `json:"id"`
	} `json:"payments"`
}

type problem struct {
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
}

func (p problem) mayRepeat() bool {
	switch p.Code {
	case "provider_unavailable", "storage_unavailable", "overloaded", "rate_limited", "request_in_progress":
		return true
	}
	return false
}

// createOrder returns the order as the gateway answers it; it repeats while the outcome is not known.
func createOrder(client *http.Client, body []byte) (order, error) {
	for try := 1; ; try++ {
		made, wait, err := post(client, body)
		if err == nil || wait == 0 || try == tries {
			return made, err
		}
		time.Sleep(wait)
	}
}

// post tries once. With an error comes how long to wait before the same body is sent again; zero when
// a repetition cannot help.
func post(client *http.Client, body []byte) (order, time.Duration, error) {
	wait := 2 * time.Second
	request, err := http.NewRequest("POST", os.Getenv("GATEWAY_URL")+"/v1/orders", bytes.NewReader(body))
	if err != nil {
		return order{}, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("API_KEY"))
	request.Header.Set("Content-Type", "application/json")
	reply, err := client.Do(request)
	if err != nil {
		return order{}, wait, err // no connection, or no answer: nobody knows whether it was done
	}
	defer reply.Body.Close()
	if reply.StatusCode < 300 {
		var made order // 201, or 202 while the provider's answer is outstanding
		err := json.NewDecoder(reply.Body).Decode(&made)
		return made, wait, err
	}
	var told problem
	if err := json.NewDecoder(reply.Body).Decode(&told); err != nil {
		return order{}, wait, err
	}
	if seconds, err := strconv.Atoi(reply.Header.Get("Retry-After")); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	if !told.mayRepeat() {
		wait = 0
	}
	return order{}, wait, fmt.Errorf("%s: %s (request %s)", told.Code, told.Detail, told.RequestID)
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("which reference?")
	}
	body, err := json.Marshal(map[string]any{
		"reference":  os.Args[1],
		"amount":     map[string]string{"value": "25000.00", "currency": "IDR"}, // a string, never a float
		"payment":    map[string]string{"method": "qris"},
		"expires_in": 3600,
	})
	if err != nil {
		log.Fatal(err)
	}
	made, err := createOrder(&http.Client{Timeout: 40 * time.Second}, body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("order %s is %s\n", made.ID, made.Status)
	for _, payment := range made.Payments {
		fmt.Printf("payment %s\n", payment.ID)
	}
	fmt.Printf("send the payer to %s\n", made.CheckoutURL)
}
