// The picture of a stack, from its resources: which stand for themselves, what belongs to each, and
// where the arrows go.

/**
 * @typedef {{ verdict: string, why: string }} Entry
 * @typedef {{ Type: string, Properties?: Record<string, any>, Metadata?: Record<string, any> }} Definition
 * @typedef {{ stack: string, resource: string, type: string, verdict: string, note: string, properties: Record<string, Entry>, definition: Definition }} Resource
 * @typedef {{ name: string, kind: string, role: string, own: Resource | null, parts: Resource[] }} Node
 * @typedef {{ from: Node, to: Node, quiet: boolean }} Arrow
 */

/** The roles in the order in which a request meets them, and the types that stand for themselves. */
export const ROLES = {
  "Way in": ["CloudFront::Distribution", "ApiGatewayV2::Api", "ApiGateway::RestApi", "WAFv2::WebACL"],
  "Who may": ["Cognito::UserPool", "Cognito::UserPoolClient", "ApiGateway::ApiKey", "ApiGateway::UsagePlan"],
  Functions: ["Lambda::Function"],
  "Queues and topics": ["SQS::Queue", "SNS::Topic"],
  Data: ["DynamoDB::Table", "S3::Bucket", "RDS::DBInstance"],
  "Keys and secrets": ["KMS::Key", "SecretsManager::Secret"],
  Around: ["EC2::VPC"],
};
// An alarm belongs to what it watches, not to whom it tells.
const OF = { "AWS::CloudWatch::Alarm": ["Dimensions", "Metrics"] };
const ROLE_OF = Object.fromEntries(Object.entries(ROLES).flatMap(([role, types]) => types.map((type) => [`AWS::${type}`, role])));
// What says who may use a thing is no use of it.
const NO_ARROWS = /::(Permission|BucketPolicy|QueuePolicy|TopicPolicy|Key|Alarm|Dashboard|FlowLog|Metadata)$/;
// Whoever these belong to is at the arrow's end.
const COMES_FROM = { "AWS::Lambda::EventSourceMapping": "EventSourceArn", "AWS::SNS::Subscription": "TopicArn", "AWS::WAFv2::WebACLAssociation": "WebACLArn" };

/** The names of the resources that a part of a template refers to. @returns {string[]} */
export function references(value) {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(references);
  return Object.entries(value).flatMap(([key, below]) => {
    if (key === "Ref") return [below];
    if (key === "Fn::GetAtt") return [Array.isArray(below) ? below[0] : below.split(".")[0]];
    if (key === "Fn::Sub") return [...JSON.stringify(below).matchAll(/\$\{(\w+)[.}]/g)].map((found) => found[1]);
    return references(below);
  });
}

const pathOf = (resource) => (resource.definition.Metadata?.["aws:cdk:path"] ?? resource.resource).split("/").slice(1);
const isOwn = (resource) => resource.type in ROLE_OF && !pathOf(resource)[0]?.startsWith("Custom::");

/** What people call a resource: its place in the construct tree. @param {Resource} resource */
export const nameOf = (resource) => pathOf(resource).filter((part) => !["Resource", "Default"].includes(part)).join(" ") || resource.resource;

/** @param {Resource[]} resources All of one stack. @returns {{ nodes: Node[], arrows: Arrow[] }} */
export function picture(resources) {
  /** @type {Node[]} */
  const nodes = resources.filter(isOwn).map((own) => ({ name: nameOf(own), kind: own.type.replace("AWS::", ""), role: ROLE_OF[own.type], own, parts: [] }));
  /** @type {Node} */
  const rest = { name: "everything else", kind: "of the stack", role: "Around", own: null, parts: [] };
  const uses = new Map(resources.map((each) => [each.resource, new Set(references(each.definition.Properties))]));
  const owner = new Map(nodes.map((node) => [node.own.resource, node]));
  for (const part of resources.filter((each) => !isOwn(each))) {
    const best = nodes.map((node) => ({ node, score: closeness(part, node, uses) })).sort((a, b) => b.score - a.score)[0];
    const whose = best?.score > 0 ? best.node : rest;
    whose.parts.push(part);
    owner.set(part.resource, whose);
  }
  if (rest.parts.length) nodes.push(rest);
  return { nodes, arrows: arrows(resources, owner, uses) };
}

/** How much a resource belongs to one that stands for itself. */
function closeness(part, node, uses) {
  if (part.type in OF) return references(OF[part.type].map((name) => part.definition.Properties[name])).includes(node.own.resource) ? 1 : 0;
  const [one, other] = [pathOf(part), pathOf(node.own)];
  let shared = 0;
  while (shared < one.length - 1 && one[shared] === other[shared]) shared++;
  const named = uses.get(part.resource).has(node.own.resource) ? 4 : 0;
  const naming = uses.get(node.own.resource).has(part.resource) ? 3 : 0;
  const common = /KMS|SNS/.test(node.kind) ? 3 : 0; // nearly everything names these
  return shared * 5 + named + naming - common;
}

/** @returns {Arrow[]} */
function arrows(resources, owner, uses) {
  /** @type {Map<string, Arrow>} */
  const found = new Map();
  // Those with a direction of their own come first: a right to read a queue is none the other way.
  for (const each of resources.toSorted((a, b) => Number(b.type in COMES_FROM) - Number(a.type in COMES_FROM))) {
    if (NO_ARROWS.test(each.type) || !isDrawn(owner.get(each.resource))) continue;
    const sources = new Set(references(each.definition.Properties?.[COMES_FROM[each.type]]));
    for (const name of uses.get(each.resource)) {
      let [from, to] = [owner.get(each.resource), owner.get(name)];
      if (!isDrawn(to) || from === to) continue;
      if (sources.has(name)) [from, to] = [to, from];
      if (found.has(`${to.own.resource} ${from.own.resource}`)) continue;
      const key = `${from.own.resource} ${to.own.resource}`;
      const quiet = /KMS|SNS|EC2/.test(to.kind) || /logs/i.test(to.name);
      if (!found.has(key)) found.set(key, { from, to, quiet });
    }
  }
  return [...found.values()];
}

const isDrawn = (node) => Boolean(node?.own);
