// Loops of three turns with tools: two calls at once, one with both results, then the answer.
// The models check what they are told (answers.py): a mistake stands in the last text.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {betaZodTool} from '@anthropic-ai/sdk/helpers/beta/zod';
import OpenAI from 'openai';
import {ResponsesToolRunner} from 'openai/helpers/responses-tool-runner';
import * as z from 'zod';
import {anthropicLoop, chatLoop, loop, responsesLoop, responsesTools, textOf, tools, turns,
        work} from './cases.mjs';
import {providers, start} from './stage.mjs';

const stage = await start('authored');
const openai = new OpenAI({baseURL: `${stage.url}/v1`, apiKey: stage.key, maxRetries: 0});
const anthropic = new Anthropic({baseURL: stage.url, apiKey: stage.key, maxRetries: 0});
const question = [{role: 'user', content: loop.question}];

const {weather, clock, plan} = loop.calls;
const calls = [[['weather', weather.arguments], ['clock', '{}']], [['plan', plan.arguments]], []];
const values = (all) => all.map((turn) => turn.map(([name, text]) => [name, JSON.parse(text)]));

const runnable = tools.map((tool) => ({type: 'function', function: {
  ...tool, parse: JSON.parse, function: (given) => work(tool.name, given)}}));
const registered = responsesTools.map(
  (tool) => ({tool, execute: (given) => work(tool.name, given)}));
const shapes = {
  weather: z.object({city: z.string(), days: z.array(z.number()), note: z.string()}),
  clock: z.object({}),
  plan: z.object({of: z.array(z.string()), scale: z.number()}),
};
const beta = tools.map(({name, description}) => betaZodTool(
  {name, description, inputSchema: shapes[name], run: (given) => work(name, given)}));

for (const provider of providers) {
  const exact = `${provider}-exact`;
  const run = {model: `${provider}-loop`, max_tokens: 4096, messages: question, tools: beta,
               max_iterations: turns};

  for (const stream of [false, true]) {
    const label = `${provider}, ${stream ? 'stream' : 'plain'}`;
    const spelled = stream || provider !== 'claude';  // else answers hold values, not spelling

    test(`${label}: chat loop ends with the answer`, async () => {
      const said = await chatLoop(openai, stream, loop.question, {model: exact});
      assert.equal(said.at(-1).content, loop.final);
      assert.equal(said[0].content, loop.say);
      const made = said.map((message) => (message.tool_calls ?? []).map(
        (call) => [call.function.name, call.function.arguments]));
      assert.deepEqual(values(made), values(calls));
      if (spelled) assert.deepEqual(made, calls);
    });

    test(`${label}: chat runTools ends with the answer`, async () => {
      const runner = openai.chat.completions.runTools(
        {model: exact, messages: question, tools: runnable, stream});
      assert.equal(await runner.finalContent(), loop.final);
    });

    test(`${label}: responses loop ends with the answer`, async () => {
      const said = await responsesLoop(openai, stream, loop.question, {model: exact});
      assert.equal(said.at(-1).output_text, loop.final);
      assert.equal(said[0].output_text, loop.say);
      const made = said.map(({output}) => output.filter((item) => item.type === 'function_call')
        .map((item) => [item.name, item.arguments]));
      assert.deepEqual(values(made), values(calls));
      if (spelled) assert.deepEqual(made, calls);
    });

    test(`${label}: responses tool runner ends with the answer`, async () => {
      const runner = new ResponsesToolRunner({functions: registered});
      const answer = await runner.run(openai, {model: exact, input: loop.question},
                                      {stream, maxSteps: turns});
      assert.equal(answer.output_text, loop.final);
    });

    test(`${label}: messages loop ends with the answer`, async () => {
      const said = await anthropicLoop(anthropic, stream, loop.question, {model: run.model});
      assert.equal(textOf(said.at(-1)), loop.final);
      assert.deepEqual(said.map((message) => message.stop_reason),
                       ['tool_use', 'tool_use', 'end_turn']);
      const made = said.map(({content}) => content.filter((block) => block.type === 'tool_use')
        .map((block) => [block.name, block.input]));
      assert.deepEqual(made, values(calls));
    });

    test(`${label}: messages tool runner ends with the answer`, async () => {
      const runner = anthropic.beta.messages.toolRunner({...run, thread: false, stream});
      assert.equal(textOf(await runner.runUntilDone()), loop.final);
    });

    test(`${label}: messages tool runner learns that no thread is kept`, async () => {
      const runner = anthropic.beta.messages.toolRunner({...run, stream});
      assert.equal(textOf(await runner.runUntilDone()), loop.final);
    });
  }
}
